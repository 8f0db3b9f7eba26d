"""How the job of a changed draft is waited for, and what it means that it came to nothing.

It takes seconds where a publication takes days; clients give it half an hour (SUSE's azure-img-utils, AlmaLinux's
and FreeBSD's scripts).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict, CppError, CppUnavailable
from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, folded
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.services.product_ingestion.jobs import Job, read_job
from airflow_provider_cpp.services.product_ingestion.schemas import Schema, latest_of
from airflow_provider_cpp.wire.answers import Answer, describe, error_of
from airflow_provider_cpp.wire.api_versions import latest
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.procedures import NOW, Procedure, Say, Wait, sent
from airflow_provider_cpp.wire.retries import is_failed_read

#: Seconds between looks at a job; the last one again and again.
PAUSES = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0)

#: Seconds after which nobody waits for it any longer.
PATIENCE = 1800.0

#: Outer codes behind which a later try may succeed, where nothing else is said.
_PASSING = frozenset({"internalservererror", "serviceunavailable", "requesttimeout", "notimplemented"})

#: What says that a resource isn't taken, and what says nothing beside it.
_BARE = re.compile(r"invalid resource[.!]?|the resource is invalid[.!]?", re.IGNORECASE)
_NOTHING = re.compile(r"(?:the )?operation failed[.!]?|bad request[.!]?", re.IGNORECASE)
_DELETES_IMAGE = re.compile(r"(?:cannot|can't|can not) (?:delete|remove) image", re.IGNORECASE)
_CHANGES_IMAGE = re.compile(r"\bimage\b.{0,80}\balready published", re.IGNORECASE | re.DOTALL)

_COMPARES_ANEW = "A later try compares anew, and sends only what is missing."


def ended(offer: str, job_id: str) -> Procedure[Job | None]:
    """Wait until a job has ended; return it, or None if the service doesn't know it (any more).

    :param offer: the offer in words.
    :param job_id: the job's GUID.
    :raises CppError: it can't be read, or doesn't end in time.
    """
    call = calls.get_job(offer, job_id)
    until = (yield NOW).now + PATIENCE
    pauses = iter(PAUSES)
    pause = PAUSES[-1]
    troubled = False
    while True:
        pause = next(pauses, pause)
        yield Wait(pause)
        reading, now = yield from sent(call)
        seen = read_job(reading) if isinstance(reading, Answer) and reading.status == 200 else describe(reading)
        if isinstance(seen, Job) and seen.state != RUNNING:
            return seen
        if isinstance(seen, str):
            if reading.is_missing:
                return None
            if not (isinstance(reading, Answer) and reading.status == 200) and not is_failed_read(reading):
                raise error_of(call, reading)
            if not troubled:
                troubled = True
                yield Say(f"{call} failed: {seen}. It is read again.", logging.WARNING)
        if now >= until:
            last = seen if isinstance(seen, str) else f"{seen.status}, {seen.result}"
            raise CppUnavailable(
                f"Change of {offer}: its job hasn't ended after {PATIENCE / 60:g} minutes ({last}), and may "
                f"still be carried out. {_COMPARES_ANEW}",
                operation_id=job_id,
            )


def failure_of(call: Call, job_id: str, job: Job, schemas: Sequence[Schema], api_version: str) -> CppError:
    """Return the error that the end of a job means which didn't change what it was to change.

    :param call: started it.
    :param job_id: the job's GUID.
    :param job: how it ended.
    :param schemas: those of the resources that were sent.
    :param api_version: the connection's version.
    """
    if job.state == CANCELED:
        return CppConflict(
            f"{call} failed: its job was canceled. Parts of it may be in the draft already. {_COMPARES_ANEW}",
            operation_id=job_id,
        )
    kind, advice = _meaning(job, schemas, api_version)
    code = next((failure.code for failure in job.failures if failure.code), None)
    why = f"'{job.reason}'" if job.reason else "the service doesn't say why"
    ended_so = "its job failed" if job.state == FAILED else f"its job ended as {job.status}, {job.result}"
    return kind(f"{call} failed: {ended_so}: {why}. {advice}", code=code, operation_id=job_id)


def _is_bare(texts: Sequence[str], codes: set[str]) -> bool:
    """Return whether a job says that a resource isn't taken, and nothing of why."""
    says_so = any(map(_BARE.fullmatch, texts)) or (not texts and "invalidresource" in codes)
    return says_so and all(_BARE.fullmatch(text) or _NOTHING.fullmatch(text) for text in texts)


def _meaning(job: Job, schemas: Sequence[Schema], api_version: str) -> tuple[type[CppError], str]:
    texts = [failure.text for failure in job.failures if failure.text]
    codes = {folded(failure.code) for failure in job.failures if failure.code}
    if any(_DELETES_IMAGE.search(text) for text in texts):
        return CppBadRequest, (
            "All image versions that were published have to be sent along, and those that the service returned "
            "were. Below a schema's newest version it may return none: set the connection's api_version, "
            f"{api_version}, to a later one, such as 2026-04-01-preview1."
        )
    if any(_CHANGES_IMAGE.search(text) for text in texts):
        return CppBadRequest, (
            "An image version that was published can't change any more, its URL and signature included: leave it "
            "as the service returns it, and add a new version."
        )
    if _is_bare(texts, codes):
        sent_as = ", ".join(sorted({str(schema) for schema in schemas}))
        return CppBadRequest, (
            f"Where it says no more than that, the service doesn't take a schema's version. Sent were {sent_as}, "
            f"with $version={latest(api_version, latest_of(schemas))}. Set the connection's api_version to a "
            "later one, such as 2026-04-01-preview1: resources are then read and sent in later versions of their "
            "schemas."
        )
    if job.met_conflict:
        return CppConflict, f"Something else runs on the offer, or locks it: wait for its end. {_COMPARES_ANEW}"
    if codes and codes <= _PASSING:
        return CppUnavailable, f"Parts of it may be in the draft already. {_COMPARES_ANEW}"
    if not texts:
        return CppBadRequest, f"Look at the offer in Partner Center, {PORTAL}."
    return CppBadRequest, (
        "Correct what the message names; the same request would be refused again. Parts of it may be in the draft "
        "already: a later try compares anew."
    )
