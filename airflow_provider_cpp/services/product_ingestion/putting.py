"""How an offer's draft is brought to what is wanted: read as a tree, compared, and sent only where it differs.

All resources that differ go into one request, whose job does the work. A request may get lost, like any: it is
never repeated blindly, the tree tells what became of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.exceptions import (
    CppConfigurationError,
    CppConflict,
    CppError,
    CppUnavailable,
)
from airflow_provider_cpp.lro.words import SUCCEEDED
from airflow_provider_cpp.offers import put_log
from airflow_provider_cpp.offers.blanks import refuse_blanks
from airflow_provider_cpp.offers.comparing import Options
from airflow_provider_cpp.offers.comparison import Kind
from airflow_provider_cpp.offers.new_plans import check_new_plans
from airflow_provider_cpp.offers.paths import written
from airflow_provider_cpp.offers.put_result import PutResult
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.services.product_ingestion.draft_jobs import ended, failure_of
from airflow_provider_cpp.services.product_ingestion.drafts import (
    DraftComparison,
    compare_draft,
    image_versions,
    places_in,
    tree_changes,
)
from airflow_provider_cpp.services.product_ingestion.jobs import job_id_of
from airflow_provider_cpp.services.product_ingestion.products import Product
from airflow_provider_cpp.services.product_ingestion.reading import in_words, no_offer, read_there
from airflow_provider_cpp.services.product_ingestion.schemas import latest_of
from airflow_provider_cpp.services.product_ingestion.trees import DRAFT, Tree
from airflow_provider_cpp.services.product_ingestion.wanted import resources_in, schemas_in
from airflow_provider_cpp.wire.answers import Answer, describe, error_of
from airflow_provider_cpp.wire.arguments import checked_flag, shown
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.procedures import Procedure, Say, Wait, sent
from airflow_provider_cpp.wire.retries import may_have_been_taken

#: Seconds between looks at the tree after a request whose answer got lost: a minute in all; a job takes seconds.
SETTLE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)

#: Seconds between looks at the tree after the job has succeeded, where what it did isn't there yet.
LAG_PAUSES = (1.0, 2.0, 4.0)

#: The arguments that are paths.
_PATHS = ("exact", "resend", "ignore")

_UNNOTICED = (
    "The Product Ingestion API has no ETags: a change that somebody else makes between what was read and what is "
    "sent can't be noticed."
)


@dataclass(frozen=True, slots=True)
class DraftPut:
    """What an offer's draft is to be brought to.

    :param ref: the offer.
    :param document: what is wanted, see `wanted`: what it doesn't name stays, and `null` removes, see
        `offers.comparing`.
    :param origin: scheme, host and port of the API.
    :param api_version: the connection's version.
    :param if_match: None or `*`: there are no ETags.
    :param dry_run: only report what differs.
    :param ignore: paths of what doesn't count: `offers.paths` says how they are written, `trees` by what a
        resource is known in them.
    :param exact: paths of objects and lists that are wanted as they stand: what they don't name goes.
    :param resend: paths of what is sent though it can't be compared, such as a secret.
    :param create: create the product if there is none, with its plans.
    :param new_plans: add plans that aren't there.
    :param by_hand: whether a person wrote the document, who may have slipped: then what stays though it isn't
        named, and which fields are new, is told.
    :raises CppConfigurationError: if it is no definition of this offer, or names an ETag.
    """

    ref: OfferRef
    document: object = field(repr=False)
    origin: str
    api_version: str
    if_match: str | None = None
    dry_run: bool = False
    ignore: Iterable[str] = ()
    exact: Iterable[str] = ()
    resend: Iterable[str] = ()
    create: bool = False
    new_plans: bool = False
    by_hand: bool = True
    _resources: tuple[Mapping[str, Any], ...] = field(init=False, repr=False)
    _options: Options = field(init=False)
    _product: Product = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("dry_run", "create", "new_plans"):
            checked_flag(name, getattr(self, name))
        if self.if_match not in (None, "*"):
            raise CppConfigurationError(
                f"if_match={shown(self.if_match)}: the Product Ingestion API has no ETags, so that the condition "
                "can't be kept. Nothing was sent. Leave if_match out, or set it to '*'."
            )
        options = Options(self.ignore, self.exact, self.resend)
        for name in _PATHS:
            object.__setattr__(self, name, getattr(options, name))
        object.__setattr__(self, "_resources", resources_in(str(self.ref), self.document))
        object.__setattr__(self, "_options", options)
        object.__setattr__(self, "_product", Product(self.origin, self.ref))

    def once(self) -> Procedure[PutResult]:
        """Bring the draft to what is wanted.

        :raises CppConfigurationError: a resource is of another offer, or can't be known from others; a plan isn't
            there; a published image version would go; nothing was sent.
        :raises CppNotFound: there is no such offer, and none is to be created.
        :raises CppBadRequest: the service refuses what is wanted, at once or by its job.
        :raises CppConflict: something else runs on the offer, or it was changed while an answer was lost.
        :raises CppUnavailable: the service can't be had just now. A later try compares anew.
        """
        before = yield from self._read()
        if before is None and not self.create:
            raise (yield from no_offer(self.ref, self.origin, may_create=True))
        return (yield from self.onto(before))

    def onto(self, before: Tree | None) -> Procedure[PutResult]:
        """Bring the draft to what is wanted, from what was read of it; raises what `once` does.

        :param before: what is there; None where it is to be created.
        """
        there = before if before is not None else Tree("", self.ref.offer_id)
        compared = self._compared(there)
        if named := {name: paths for name in _PATHS if (paths := getattr(self, name))}:
            yield from put_log.idle_paths(named, *places_in(compared))
        if before is not None:
            check_new_plans(
                self._what, compared.comparison, are_meant=self.new_plans, id_field="plan's identity.externalId"
            )
        if not compared.changes:
            yield Say(f"{self._what} is as wanted: nothing is sent.")
            yield from put_log.left_aside(compared.comparison, by_hand=self.by_hand)
            return self._result(compared, changed=False)
        self._check_product(before, compared)
        refuse_blanks(self._what, {"resources": list(compared.resources)}, there.document)
        yield from self._check_images(compared)
        gone = None if before is None else ()
        yield from put_log.differing(self._what, compared.comparison, gone, by_hand=self.by_hand)
        if self.dry_run:
            yield Say(f"{self._what}: dry run, nothing is sent.")
            return self._result(compared, changed=False)
        yield Say(_UNNOTICED)
        return (yield from self._send(before, compared))

    def _send(self, before: Tree | None, compared: DraftComparison) -> Procedure[PutResult]:
        call = calls.configure(
            "Change definition" if before is not None else "Create",
            str(self.ref),
            compared.resources,
            least_version=latest_of(compared.schemas),
        )
        for is_last in (False, True):
            reading, _ = yield from sent(call)
            lost: str | None = None
            if isinstance(reading, Answer) and reading.status in {200, 201, 202}:
                job_id = job_id_of(reading)
                if job_id is None:
                    lost = f"{describe(reading)}, without the id of a job"
                else:
                    job = yield from ended(str(self.ref), job_id)
                    if job is not None and job.state == SUCCEEDED:
                        return (yield from self._done(before, compared))
                    if job is not None:
                        raise failure_of(call, job_id, job, compared.schemas, self.api_version)
                    lost = f"job {job_id}, which the service doesn't know"
            elif may_have_been_taken(call, reading):
                lost = describe(reading)
            if lost is None:
                raise error_of(call, reading)
            applied = yield from self._settle(call, lost, before)
            if applied is not None:
                yield Say(f"{self._what} is as wanted: the request was carried out, though its answer got lost.")
                rewritten = yield from self._rewritten(applied)
                return self._result(compared, changed=True, created=before is None, rewritten=rewritten)
            if is_last:
                raise CppUnavailable(
                    f"{call} failed: {lost}. The offer is as it was. A later try compares anew, and sends only "
                    "what is missing.",
                    http_status=reading.status if isinstance(reading, Answer) else None,
                )
            yield Say(f"{self._what} is as it was: sending once more.", logging.WARNING)
        raise AssertionError

    def _compared(self, tree: Tree) -> DraftComparison:
        return compare_draft(str(self.ref), self._resources, tree, self._options)

    @property
    def _what(self) -> str:
        return in_words(self.ref)

    # What is refused before it is sent

    def _check_product(self, before: Tree | None, compared: DraftComparison) -> None:
        """Refuse to create an offer of which too little is known."""
        if before is not None:
            return
        product = next((each for each in compared.wanted if each.type == "product"), None)
        missing = [
            name for name in ("identity", "type", "alias") if product is None or not product.defined.get(name)
        ]
        if missing:
            raise CppConfigurationError(
                f"{self._what} doesn't exist, and the definition names no product with {' and '.join(missing)}, "
                "which a new one needs. Nothing was sent. If it should exist, check offer_id."
            )

    def _check_images(self, compared: DraftComparison) -> Procedure[None]:
        """Refuse to leave out an image version that was published: the service takes that as a deletion."""
        for name in compared.images_unseen:
            yield Say(
                f"{written(name)} gets image versions where the service returned none. If the plan has some, it "
                "hides them below the newest version of their schema: set the connection's api_version to a "
                "later one.",
                logging.WARNING,
            )
        gone = compared.images_gone
        if not gone:
            return
        for target in ("preview", "live"):
            tree = yield from self._read(target)
            published = {
                (each.name, version)
                for each in (tree.resources if tree is not None else ())
                for version in image_versions(each.document)
            }
            for name, version in gone:
                if (name, version) in published:
                    raise CppConfigurationError(
                        f"{self._what} would lose image version {version} of {written(name)}, which is in "
                        f"{target}: a published version can't be removed. Nothing was sent. Set its "
                        "lifecycleState to deprecated to stop new deployments of it, and leave it in the "
                        "definition."
                    )

    # Exchanges

    def _read(self, target: str = DRAFT) -> Procedure[Tree | None]:
        """Return a tree of the offer, or None if there is none."""
        return (yield from read_there(self._product, target, latest_of(schemas_in(self._resources))))

    def _done(self, before: Tree | None, compared: DraftComparison) -> Procedure[PutResult]:
        yield Say(
            f"{'Created' if before is None else 'Changed the draft of'} {self.ref}; customers see no difference "
            "until it is published."
        )
        tree: Tree | None = None
        for pause in (0.0, *LAG_PAUSES):
            yield Wait(pause)
            try:
                tree = yield from self._read()
            except CppError as error:  # it was carried out, which is what counts
                yield Say(f"What became of it can't be read: {error}", logging.WARNING)
                return self._result(compared, changed=True, created=before is None)
            if tree is not None and not self._compared(tree).changes:
                break
        rewritten = (yield from self._rewritten(tree)) if tree is not None else ()
        return self._result(compared, changed=True, created=before is None, rewritten=rewritten)

    def _rewritten(self, tree: Tree) -> Procedure[tuple[str, ...]]:
        """Return where what was sent isn't there as it was sent."""
        after = self._compared_again(tree)
        yield from put_log.rewritten(after.comparison, by_hand=self.by_hand)
        return (*after.comparison.paths(Kind.NOT_COMPARED), *after.comparison.paths(Kind.DIFFERS))

    def _compared_again(self, tree: Tree) -> DraftComparison:
        """Compare without what is sent though it can't be compared, which differs for ever."""
        return compare_draft(str(self.ref), self._resources, tree, Options(self.ignore, self.exact))

    def _settle(self, call: Call, lost: str, before: Tree | None) -> Procedure[Tree | None]:
        """Find out by reading what became of a request: return the tree if it is as wanted, None if as before.

        :raises CppConflict: it is neither.
        :raises CppUnavailable: it can't be read.
        """
        yield Say(
            f"{call}: {lost}. It may have been carried out: reading the offer before anything is sent again.",
            logging.WARNING,
        )
        left: tuple[object, ...] = ()
        is_as_before = True
        for pause in (0.0, *SETTLE_PAUSES):
            yield Wait(pause)
            try:
                tree = yield from self._read()
            except CppUnavailable as error:
                raise CppUnavailable(
                    f"{call}: {lost}, and whether it was carried out can't be read: {error.message} A later try "
                    "compares anew, and sends only what is missing.",
                    http_status=error.http_status,
                    request_id=error.request_id,
                ) from error
            if tree is None:
                is_as_before = before is None
                continue
            left = self._compared_again(tree).comparison.differences
            if not left:
                return tree
            # Its job may be half through: it is looked at again.
            is_as_before = before is not None and not tree_changes(tree, before)
        if is_as_before:
            return None
        raise CppConflict(
            f"{call}: {lost}, and the offer is neither what it was nor what is wanted "
            f"({'; '.join(map(str, left[:3]))}). Either somebody else changed it meanwhile, or the service "
            f"writes these fields in its own way{put_log.TO_IGNORE if self.by_hand else ''}. Nothing was sent "
            "again; a later try compares anew."
        )

    @staticmethod
    def _result(
        compared: DraftComparison,
        *,
        changed: bool,
        created: bool = False,
        rewritten: tuple[str, ...] = (),
    ) -> PutResult:
        found = compared.comparison
        return PutResult(
            changed,
            created and changed,
            differences=found.differences,
            kept=found.paths(Kind.KEPT),
            ignored=found.paths(Kind.IGNORED),
            not_compared=tuple(dict.fromkeys((*found.paths(Kind.NOT_COMPARED), *rewritten))),
        )
