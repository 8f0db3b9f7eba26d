"""Decides what a call does to offers and operations, and which calls are refused in which state.

Time comes from an injected clock. How calls and results look on the wire is decided by each
service.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_provider_cpp.emulator.ledger import Ledger
from airflow_provider_cpp.emulator.offers import (
    OVERRIDABLE,
    VM_OFFER_TYPE,
    Offer,
    name_error,
    other_properties,
    sample_definition,
    validation_errors,
)
from airflow_provider_cpp.emulator.operations import GO_LIVE, PUBLISH, Operation, preview_since
from airflow_provider_cpp.emulator.refused import CONFLICT, INVALID, NOT_READY, NOT_SAVED, Refused
from airflow_provider_cpp.emulator.settings import OUTCOMES, Settings
from airflow_provider_cpp.emulator.steps import schedule
from airflow_provider_cpp.emulator.times import timestamp

SEED_STATES = ("draft", "preview_ready", "live")

#: What a publish brings into preview: a definition, and the resources of a service that has those.
Content = tuple[Mapping[str, Any], Mapping[str, Any]]


class Portal(Ledger):
    """Carry out what clients and tests ask for; safe to use from any thread."""

    # -- what is set up from outside

    def configure(self, changes: Mapping[str, Any]) -> Settings:
        """Change settings.

        :param changes: new values by name
        :raises ValueError: for an unknown name or value; nothing is changed then
        """
        with self.lock:
            self.settings = self.settings.changed(changes)
            return self.settings

    def add_offer(
        self,
        publisher_id: str,
        offer_id: str,
        *,
        state: str = "preview_ready",
        definition: Mapping[str, Any] | None = None,
        offer_type_id: str = VM_OFFER_TYPE,
        overrides: Mapping[str, Any] | None = None,
        content: Mapping[str, Any] | None = None,
        version: int = 1,
    ) -> Offer:
        """Seed an offer, replacing one of this name with its operations, and its publisher.

        :param publisher_id: whose
        :param offer_id: its name
        :param state: ``draft``, ``preview_ready`` (alias ``ready``) or ``live``
        :param definition: its definition; a small valid one by default
        :param offer_type_id: its type
        :param overrides: settings that differ for this offer
        :param content: further top-level properties of its document
        :param version: the version that it begins with
        :raises ValueError: for an unknown state or override
        """
        state = "preview_ready" if state == "ready" else state
        if state not in SEED_STATES:
            raise ValueError(f"state is {state!r}; it can be {', '.join(SEED_STATES)}")
        for part in (publisher_id, offer_id):
            if error := name_error(part):
                raise ValueError(error)
        self._check_overrides(overrides or {})
        with self.lock:
            self.publishers.add(publisher_id)
            if (publisher_id, offer_id) in self._offers:
                for operation in self.operations(publisher_id, offer_id):
                    del self._operations[operation.id]
            offer = self._new_offer(
                publisher_id, offer_id, offer_type_id, definition or sample_definition(offer_id)
            )
            self._offers[publisher_id, offer_id] = replace(
                offer, version=version, overrides=dict(overrides or {}), content=dict(content or {})
            )
            if state != "draft":
                published = self._start(self.offer(publisher_id, offer_id), PUBLISH, seeded=True)
                if state == "live":
                    self._replace(published, signed_off_at=self.clock())
                    self._start(self.offer(publisher_id, offer_id), GO_LIVE, seeded=True)
            self.on_change()
            return self.offer(publisher_id, offer_id)

    def override(self, publisher_id: str, offer_id: str, changes: Mapping[str, Any]) -> Offer:
        """Change settings for one offer; they apply to its next operation.

        :raises ValueError: for a setting that isn't an offer's, or an unknown value
        """
        self._check_overrides(changes)
        with self.lock:
            offer = self.offer(publisher_id, offer_id)
            return self._keep(replace(offer, overrides={**offer.overrides, **changes}))

    def finish(self, publisher_id: str, offer_id: str, outcome: str) -> Operation:
        """End the operation that runs on an offer now; a publish that succeeds then waits for its sign-off.

        :param outcome: ``succeed``, ``fail`` or ``cancel``
        :raises ValueError: for another outcome, or if nothing runs
        """
        if outcome not in OUTCOMES or outcome == "stall":
            raise ValueError(f"outcome is {outcome!r}; it can be succeed, fail, cancel")
        with self.lock:
            operation = self.running(self.offer(publisher_id, offer_id))
            if operation is None:
                raise ValueError(f"no operation runs on offer {offer_id}")
            changes: dict[str, Any] = {"forced_at": self.clock(), "forced_outcome": outcome}
            if self.view(operation).waits_for_signoff:
                if outcome == "succeed":
                    return operation
                # That it came so far stays.
                changes["previewed_at"] = preview_since(operation)
            return self._replace(operation, **changes)

    # -- what a client asks for

    def put_offer(
        self,
        publisher_id: str,
        offer_id: str,
        document: Mapping[str, Any],
        resources: Mapping[str, Any] | None = None,
    ) -> Offer:
        """Create or modify an offer, and return it.

        :param document: one that ``offers.document_error`` has nothing against
        :param resources: the draft's resources, by id; None to keep them
        :raises Refused: for an unknown publisher, or if the offer can't be saved
        """
        with self.lock:
            self.offers(publisher_id)
            old = self._offers.get((publisher_id, offer_id))
            offer = self._new_offer(publisher_id, offer_id, str(document["offerTypeId"]), document["definition"])
            if old is not None:
                offer = replace(
                    offer,
                    version=old.version,
                    published=old.published,
                    overrides=old.overrides,
                    resources=old.resources,
                    published_resources=old.published_resources,
                )
            if resources is not None:
                offer = replace(offer, resources=dict(resources))
            try:
                self.on_put(publisher_id, offer_id, document)
            except (OSError, ValueError) as error:
                raise Refused(NOT_SAVED, f"The offer can't be saved: {error}") from error
            return self._keep(replace(offer, content=other_properties(document)))

    def publish(
        self,
        publisher_id: str,
        offer_id: str,
        emails: str = "",
        *,
        replacing: bool = False,
        content: Content | None = None,
    ) -> Operation:
        """Start to bring the draft into preview.

        :param emails: comma-separated addresses
        :param replacing: go on although another publish waits for its sign-off, which is canceled
        :param content: what is published in place of the draft: a definition, and resources
        :raises Refused: for an unknown offer, one on which something runs, or one that can't be published
        """
        with self.lock:
            offer = self.offer(publisher_id, offer_id)
            running = self.running(offer)
            if running is not None and not (replacing and self.view(running).waits_for_signoff):
                raise _conflict(offer)
            content = content or (offer.definition, offer.resources)
            errors = validation_errors(content[0])
            if errors:
                raise Refused(INVALID, "; ".join(errors))
            if running is not None:
                self.stop(running)
            return self._start(offer, PUBLISH, emails=emails, content=content)

    def go_live(self, publisher_id: str, offer_id: str, *, strict: bool | None = None) -> Operation:
        """Start to bring the version in preview into production.

        That it needs a preview is an inference: the go-live page states no precondition, the status page's
        ``waitingForPublisherReview`` is the natural one. That another operation answers with 409 was seen in
        practice; no page lists it.

        :param strict: whether a publish has to wait for its sign-off; None for what the settings say
        :raises Refused: for an unknown offer, one on which something runs, or one that has no preview
        """
        with self.lock:
            offer = self.offer(publisher_id, offer_id)
            running = self.running(offer)
            strict = self.settings.strict_golive if strict is None else strict
            if running is not None:
                if not self.view(running).waits_for_signoff:
                    raise _conflict(offer)
                self._replace(running, signed_off_at=self.clock())
            elif strict or self.preview_version(offer) is None:
                raise Refused(NOT_READY, f"Offer {offer_id} is not ready to go live: publish it to preview first.")
            emails = [entry.emails for entry in self.operations(publisher_id, offer_id)]
            return self._start(offer, GO_LIVE, emails=emails[-1] if emails else "")

    def cancel(self, publisher_id: str, offer_id: str) -> tuple[Operation | None, bool]:
        """Cancel what runs on an offer; return it, or the latest operation, and whether it is canceled yet.

        :raises Refused: for an unknown offer
        """
        with self.lock:
            operations = self.operations(publisher_id, offer_id)
            running = self.running(self.offer(publisher_id, offer_id))
            if running is None or self.settings.cancel_mode == "noop":
                return running or (operations[-1] if operations else None), False
            if self.settings.cancel_mode == "sync":
                return self.stop(running), True
            now = self.clock()
            if running.cancel_at is None:
                later = now + self.settings.cancel_duration
                running = self._replace(running, cancel_requested_at=now, cancel_at=later)
            return running, False

    def stop(self, operation: Operation) -> Operation:
        """Cancel an operation at once, and return it.

        :param operation: one that runs
        """
        with self.lock:
            now = self.clock()
            return self._replace(operation, cancel_requested_at=now, cancel_at=now)

    # -- within

    def _check_overrides(self, changes: Mapping[str, Any]) -> None:
        wrong = sorted(set(changes) - OVERRIDABLE)
        if wrong:
            raise ValueError(
                f"{', '.join(wrong)} can't be set for one offer; {', '.join(sorted(OVERRIDABLE))} can"
            )
        self.settings.changed(changes)

    def _new_offer(
        self, publisher_id: str, offer_id: str, offer_type_id: str, definition: Mapping[str, Any]
    ) -> Offer:
        old = self._offers.get((publisher_id, offer_id))
        # Two changes within a clock tick still get two ETags.
        changed_at = max(self.clock(), old.changed_at + 1e-5 if old else 0.0)
        return Offer(
            publisher_id=publisher_id,
            offer_id=offer_id,
            offer_type_id=offer_type_id,
            definition=dict(definition),
            version=1,
            changed_at=changed_at,
            etag="W/\"datetime'" + timestamp(changed_at).replace(":", "%3A") + "'\"",
        )

    def _keep(self, offer: Offer) -> Offer:
        self._offers[offer.publisher_id, offer.offer_id] = offer
        self.on_change()
        return offer

    def _replace(self, operation: Operation, **changes: Any) -> Operation:
        changed = self._operations[operation.id] = replace(operation, **changes)
        self.on_change()
        return changed

    def _start(
        self,
        offer: Offer,
        kind: str,
        *,
        emails: str = "",
        seeded: bool = False,
        content: Content | None = None,
    ) -> Operation:
        settings = self.settings if seeded else self.settings.changed(offer.overrides)
        if kind == PUBLISH:
            version = offer.version
            definition, resources = content or (offer.definition, offer.resources)
            self._offers[offer.publisher_id, offer.offer_id] = replace(
                offer,
                published={**offer.published, version: definition},
                published_resources={**offer.published_resources, version: resources},
                version=version + 1,
            )
        else:
            version = self.preview_version(offer) or offer.version
        count = len(self.operations(offer.publisher_id, offer.offer_id))
        operation = Operation(
            id=str(uuid.uuid4()),
            kind=kind,
            publisher_id=offer.publisher_id,
            offer_id=offer.offer_id,
            offer_version=version,
            publishing_version=count + 1,
            started_at=self.clock(),
            schedule=schedule(kind, 0.0, {})
            if seeded
            else schedule(kind, settings.duration, settings.step_durations),
            outcome="succeed" if seeded else settings.outcome,
            failed_step=settings.failed_step,
            failure_messages=settings.failure_messages,
            stalled_word=settings.stalled_word,
            emails=emails,
        )
        self._operations[operation.id] = operation
        self.on_change()
        return operation


def _conflict(offer: Offer) -> Refused:
    return Refused(CONFLICT, f"Another operation is already running on offer {offer.offer_id}.")
