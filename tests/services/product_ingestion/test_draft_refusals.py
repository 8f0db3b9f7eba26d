"""Which drafts are refused before they are sent, and what becomes of one whose job fails or gets lost."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppUnavailable,
)
from airflow_provider_cpp.services.product_ingestion.draft_jobs import PATIENCE
from tests.runner import Runner, answered, refused
from tests.services.product_ingestion import tree_documents as documents
from tests.services.product_ingestion.draft_service import (
    JOB,
    RUNNING,
    SUCCEEDED,
    Draft,
    failed,
    listing,
    put,
    run,
    technical,
)


class TestWhatIsRefused:
    """Before anything is sent, in words."""

    @pytest.mark.parametrize(
        ("wanted", "why"),
        [
            ({"definition": {}}, "has the form of Cloud Partner Portal's API"),
            ("text", "it has to be a resource, a list"),
            ([], "names nothing that could be wanted"),
            (documents.resources()[:1], "names nothing that could be wanted"),
            ([{"title": "x"}], r"Resource 1 of .* has no \$schema"),
            (["x"], r"Resource 1 of .* has no \$schema"),
            ({"$schema": documents.schema("private-offer", "2023-07-15")}, "changes at once what customers see"),
        ],
    )
    def test_no_definition(self, wanted: Any, why: str) -> None:
        with pytest.raises(CppConfigurationError, match=why):
            put(wanted)

    @pytest.mark.parametrize(
        ("wanted", "why"),
        [
            (listing(product={"externalId": "contoso-other"}), "of another offer than offer contoso/contoso-vm"),
            (listing(id=f"listing/{documents.PLAN}/public/main/default/en-us"), "of another offer"),
            ({"$schema": "product", "identity": {"externalId": "other"}}, "of another offer"),
            (
                {"$schema": "listing-asset", "type": "azureLogoScreenshot", "url": "https://x"},
                "2 resources of .*id",
            ),
            ([listing(title="A"), listing(title="B")], r"names the resource listing/en-us .* twice"),
            (
                {"$schema": "plan", "id": documents.CONFIGURATION},
                "is a plan by its .schema, and a virtual-machine",
            ),
            (technical(vmImageVersions=[{"vmImages": []}]), "Entry 0 of .* names no versionNumber"),
            (
                technical(vmImageVersions=[documents.image("1.0.1")] * 2),
                "names versionNumber '1.0.1' twice",
            ),
        ],
    )
    def test_no_definition_of_this_offer(self, wanted: Any, why: str) -> None:
        runner = Runner(Draft(documents.tree()))
        with pytest.raises(CppConfigurationError, match=why):
            runner.run(put(wanted).once())
        assert runner.posts == []

    @pytest.mark.parametrize("if_match", ['W/"1"', "", "None"])
    def test_an_etag(self, if_match: str) -> None:
        with pytest.raises(CppConfigurationError, match=r"has no ETags.*set it to '\*'"):
            put(listing(title="New"), if_match=if_match)

    def test_any_state_is_what_the_service_knows_anyway(self) -> None:
        assert run(Draft(documents.tree()), listing(title="New"), if_match="*")[1].changed

    @pytest.mark.parametrize("argument", ["ignore", "exact", "resend"])
    @pytest.mark.parametrize("paths", ["listing/en-us", None, 7, {"listing": "en-us"}])
    def test_what_is_no_list_of_paths(self, argument: str, paths: Any) -> None:
        with pytest.raises(CppConfigurationError, match=f"{argument}=.* has to be a list of paths"):
            put(listing(title="New"), **{argument: paths})


class TestTheJob:
    """It is waited for, gently, and its end is the service's."""

    def test_it_is_looked_at_until_it_has_ended(self) -> None:
        job = (RUNNING, RUNNING, refused(503), answered(200, b"<html>"), RUNNING, SUCCEEDED)
        runner, result = run(Draft(documents.tree(), job=job), listing(title="New"))
        assert result.changed
        assert len(runner.posts) == 1
        looks = [at for call, at in zip(runner.sent, runner.sent_at, strict=True) if "/configure/" in call.path]
        assert 1.0 <= looks[0] - runner.started_at <= looks[-1] - runner.started_at < 60.0

    def test_one_that_doesnt_end_isnt_waited_for_for_ever(self) -> None:
        runner = Runner(Draft(documents.tree(), job=(RUNNING,)))
        with pytest.raises(CppUnavailable, match=r"hasn't ended after 30 minutes \(running, pending\)") as error:
            runner.run(put(listing(title="New")).once())
        assert PATIENCE <= runner.now - runner.started_at < PATIENCE + 120
        assert error.value.operation_id == JOB
        assert len(runner.posts) == 1

    @pytest.mark.parametrize(
        ("errors", "error", "words"),
        [
            (
                {
                    "code": "conflict",
                    "message": "The resource can't be processed.",
                    "details": [{"code": "businessValidationError", "message": "The title is too long."}],
                },
                CppBadRequest,
                "'The title is too long. (businessValidationError); The resource",
            ),
            ({"code": "conflict", "message": "An In Progress submission already exists"}, CppConflict, "locks it"),
            ({"code": "locked", "details": {"code": "productLocked"}}, CppConflict, "wait for its end"),
            ({"code": "serviceUnavailable"}, CppUnavailable, "A later try compares anew"),
            (
                {"code": "badRequest", "message": "Cannot delete image '1.0.0' as it is already published"},
                CppBadRequest,
                "Below a schema's newest version it may return none",
            ),
            (
                {"code": "badRequest", "message": "Cannot change image '1.0.0' as it is already published"},
                CppBadRequest,
                "can't change any more, its URL and signature included",
            ),
            ({}, CppBadRequest, "the service doesn't say why"),
        ],
    )
    def test_its_failure_is_the_error_that_its_words_mean(
        self, errors: dict[str, Any], error: type[Exception], words: str
    ) -> None:
        runner = Runner(Draft(documents.tree(), job=(RUNNING, failed(errors))))
        with pytest.raises(error) as caught:
            runner.run(put(listing(title="New")).once())
        assert words in str(caught.value)
        assert str(caught.value).startswith(
            "Change definition of offer contoso/contoso-vm failed: its job failed: "
        )
        assert len(runner.posts) == 1

    def test_one_that_was_canceled_is_said_to_be(self) -> None:
        job = {**SUCCEEDED, "jobResult": "cancelled"}
        with pytest.raises(CppConflict, match="its job was canceled"):
            run(Draft(documents.tree(), job=(job,)), listing(title="New"))

    def test_a_tree_that_lags_behind_is_read_again(self) -> None:
        draft = Draft(documents.tree())
        draft.lag = 3.0
        runner, result = run(draft, listing(title="New"))
        assert (result.changed, result.not_compared, runner.warnings()) == (True, (), [])

    def test_what_the_service_writes_in_its_own_way_is_said(self) -> None:
        draft = Draft(documents.tree(), (answered(202, RUNNING), False))
        runner, result = run(draft, listing(title="New"))
        assert result.not_compared == ("listing/en-us/title",)
        assert any("returns it in another way" in line for line in runner.warnings())
