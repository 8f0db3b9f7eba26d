"""Decides in which forms the Product Ingestion API can be asked to answer: the service's part of the settings.

The pages leave open what these settings are about, or clients saw different things. Each default is what most
clients saw, or else what asks more of a client.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_cpp.emulator.checks import check_choice, check_seconds, check_truth
from airflow_provider_cpp.emulator.product_ingestion.schemas import check_version
from airflow_provider_cpp.emulator.steps import STEP_IDS

CHOICES: dict[str, tuple[str, ...]] = {
    "conflict_answer": ("failed-job", "http"),
    "job_id_name": ("jobId", "jobID"),
    "empty_details": ("list", "object", "missing"),
    "point_of_no_return": (*STEP_IDS, "never"),
    "old_technical_configuration": ("complete", "without-images"),
    "draft_reads": ("always", "pending"),
}

SECONDS = ("draft_duration", "job_start_delay", "row_delay", "row_end_delay", "job_lifetime")
ON = ("retired_host_refused", "version_ceiling")
OFF = ("preview_row_after_live", "extra_members")


@dataclass(frozen=True, kw_only=True)
class ProductIngestionForms:
    """Describe what the Product Ingestion API's answers look like, and when.

    :param draft_duration: seconds from the POST of an edit of the draft to the end of its job, when the draft
        changes; also to the end of a job that is refused; 0
    :param job_start_delay: seconds for which a job is ``notStarted``; 0
    :param row_delay: seconds from the POST of a submission until the list of submissions shows it; 0
    :param row_end_delay: seconds for which its row says ``running`` after its job has ended; 0
    :param job_lifetime: seconds after which a job isn't found any more (404); 0 (default) for never
    :param conflict_answer: how a submission is refused while another one runs: the job of a 202 fails
        (``failed-job``, default), or with 409 (``http``)
    :param point_of_no_return: the step with whose beginning a publication can't be canceled any more; ``live``,
        or ``never``
    :param retired_host_refused: refuse schemas on the host that was retired in 2025; True
    :param version_ceiling: fail the job of a resource whose schema is newer than ``$version``, if one is given;
        True
    :param schema_minimums: oldest version that is taken by type of resource; a job with an older one fails; none
    :param preview_row_after_live: list the preview, too, once it is live, with the same id; False
    :param job_id_name: ``jobId`` (default, as on the wire) or ``jobID`` as the pages print it
    :param extra_members: give documents a member that no page has; False
    :param empty_details: what an error without details has: an empty ``list`` (default), an ``object``, or
        ``missing``
    :param max_page_size: entries of a collection that come at once, whatever ``$maxpagesize`` asks for; 0
        (default) for all of them
    :param old_technical_configuration: what is shown of a plan's technical configuration below its newest
        version: ``complete`` (default), or ``without-images``
    :param draft_reads: a draft's resource that is read by its id is found ``always`` (default), or only while
        it differs from what is live (``pending``)
    :raises ValueError: for a value that isn't among the choices, or a negative number
    """

    draft_duration: float = 0.0
    job_start_delay: float = 0.0
    row_delay: float = 0.0
    row_end_delay: float = 0.0
    job_lifetime: float = 0.0
    conflict_answer: str = "failed-job"
    point_of_no_return: str = "live"
    retired_host_refused: bool = True
    version_ceiling: bool = True
    schema_minimums: Mapping[str, str] = field(default_factory=dict)
    preview_row_after_live: bool = False
    job_id_name: str = "jobId"
    extra_members: bool = False
    empty_details: str = "list"
    max_page_size: int = 0
    old_technical_configuration: str = "complete"
    draft_reads: str = "always"

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            check_choice(name, getattr(self, name), allowed)
        for name in SECONDS:
            check_seconds(name, getattr(self, name))
        for name in (*ON, *OFF):
            check_truth(name, getattr(self, name))
        if not isinstance(self.schema_minimums, Mapping):
            raise ValueError(f"schema_minimums is {self.schema_minimums!r}; it has to be versions by type")
        for kind, version in self.schema_minimums.items():
            check_version(f"schema_minimums[{kind!r}]", version)
        if (
            isinstance(self.max_page_size, bool)
            or not isinstance(self.max_page_size, int)
            or self.max_page_size < 0
        ):
            raise ValueError(f"max_page_size is {self.max_page_size!r}; it has to be a number, 0 or more")
