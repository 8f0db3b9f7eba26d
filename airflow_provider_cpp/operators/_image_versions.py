"""The operator of `operators.offer` that adds an image version to a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_cpp.offers.retention import checked_keep
from airflow_provider_cpp.tasks.images_field import TakesImages
from airflow_provider_cpp.tasks.json_field import mask_secrets
from airflow_provider_cpp.wire.arguments import flag_or_template, holds_template, rendered_flag

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class AddImageVersionOperator(TakesImages, BaseOperator):
    """Add a version of a virtual machine's image to a plan of an offer's draft, and retire the oldest.

    Where the version is there with the same images nothing is sent, so that the task can run again after any
    failure. All else that is in the draft stays. Neither preview nor production changes until the offer is
    published.

    The result is ``{"changed", "plan_id", "image_version", "added", "retired", "versions"}``: ``added`` has the
    images that were added, without signatures, ``retired`` the numbers of the versions that were retired, and
    ``versions`` those that are offered then.

    :param offer_id: the offer's identifier. (templated)
    :param plan_id: the plan's identifier. (templated)
    :param image_version: the version's number, such as ``1.0.2``; of a core virtual machine a date, such as
        ``2026.11.30``. (templated)
    :param images: an image, or a list with one for each generation: ``{"image_type": "x64Gen2", "os_disk":
        "<shared-access URL>", "data_disks": [{"lun": 0, "uri": "<shared-access URL>"}]}``, or, on the Product
        Ingestion API, ``{"image_type": "x64Gen2", "shared_image": "<resource id>", "tenant_id": "<GUID>"}``. Types
        are ``x64Gen1``, ``x64Gen2`` and ``arm64Gen2``. A ``dict``, a list, or JSON as text. (templated)
    :param keep: how many versions stay offered at most, 1 or more; None for all. The oldest are deprecated on the
        Product Ingestion API, and taken out on Cloud Partner Portal's; never a newer one than the one that is
        added, nor the newest of a generation. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :param dry_run: log and return what would be sent, and send nothing. (templated)
    :raises CppError: what the hook's ``add_image_version`` raises.
    """

    __module__ = "airflow_provider_cpp.operators.offer"

    template_fields: Sequence[str] = (
        "offer_id",
        "plan_id",
        "image_version",
        "images",
        "keep",
        "publisher_id",
        "cpp_conn_id",
        "is_dry_run",
    )
    template_fields_renderers = {"images": "json"}  # noqa: RUF012 - as Airflow's operators have it

    def __init__(
        self,
        *,
        offer_id: str,
        plan_id: str,
        image_version: str,
        images: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str,
        keep: int | str | None = None,
        publisher_id: str | None = None,
        cpp_conn_id: str = "cpp_default",
        dry_run: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.offer_id = offer_id
        self.plan_id = plan_id
        self.image_version = image_version
        self.images = images
        self.keep = keep
        self.publisher_id = publisher_id
        self.cpp_conn_id = cpp_conn_id
        self.is_dry_run = flag_or_template("dry_run", dry_run)  # `dry_run` is a method of Airflow's own
        if not hasattr(keep, "resolve") and not (isinstance(keep, str) and holds_template(keep)):
            checked_keep(keep)
        mask_secrets(images)

    def execute(self, context: Context) -> dict[str, object]:
        """Add the version, unless it is there."""
        return self.hook.add_image_version(
            self.offer_id,
            self.plan_id,
            self.image_version,
            self.images,
            self.publisher_id,
            keep=self.keep,
            dry_run=rendered_flag("dry_run", self.is_dry_run),
        ).to_dict()
