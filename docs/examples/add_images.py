"""Add a new image version to two plans of an offer, one plan after the other, and keep the newest twenty."""

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.operators.offer import AddImageVersionOperator

VHD = "https://contosoimages.blob.core.windows.net/vhds/contoso-{{ params.image_version }}"
SIGNATURE = "{{ var.value.images_sas_token }}"

with DAG("add_images", schedule=None, max_active_runs=1, params={"image_version": "1.0.2"}):
    AddImageVersionOperator.partial(
        task_id="add_image",
        offer_id="contoso-virtualmachineoffer",
        image_version="{{ params.image_version }}",
        images=[
            {"image_type": "x64Gen1", "os_disk": f"{VHD}-gen1.vhd?{SIGNATURE}"},
            {"image_type": "x64Gen2", "os_disk": f"{VHD}-gen2.vhd?{SIGNATURE}"},
        ],
        keep=20,
        max_active_tis_per_dagrun=1,
    ).expand(plan_id=["contoso-standard", "contoso-premium"])
