"""Build images, and send the event that begins their release."""

from airflow.providers.common.compat.sdk import DAG, Asset, task

BUILT = Asset("https://contosoimages.blob.core.windows.net/vhds/contoso-release")
PLANS = ["contoso-release-plan", "contoso-release-plan-2"]


@task(outlets=[BUILT])
def build(params=None, outlet_events=None):
    """Build and upload the disks of two generations; then say which plans get them."""
    version = params["image_version"]
    images = [
        {"image_type": kind, "os_disk": f"{BUILT.uri}/{version}-{kind}.vhd"} for kind in ("x64Gen1", "x64Gen2")
    ]
    outlet_events[BUILT].extra = {
        "image_version": version,
        "plans": [{"plan_id": plan, "images": images} for plan in PLANS],
    }


with DAG("build_image", schedule=None, params={"image_version": "1.0.1"}):
    build()
