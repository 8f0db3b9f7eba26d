"""What holds whatever is wanted of a draft."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_cpp.offers.blanks import blanked
from airflow_provider_cpp.services.product_ingestion.drafts import compare_draft, image_versions, tree_changes
from airflow_provider_cpp.services.product_ingestion.trees import Tree, tree_in
from airflow_provider_cpp.services.product_ingestion.wanted import resources_in
from tests.services.product_ingestion import tree_documents as documents
from tests.services.product_ingestion.draft_service import Draft, technical

WHAT = "offer contoso/contoso-vm"

texts = st.sampled_from(["", "New", "*** New ***", documents.sas("1.0.0"), documents.sas("9.9.9", "an0ther")])
values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "uri", "title"]), inner),
    max_leaves=6,
)
versions = st.builds(
    lambda number, kinds, more: {**documents.image(number, *kinds), **more},
    st.sampled_from(["1.0.0", "1.0.1", "1.0.2"]),
    st.lists(st.sampled_from(["x64Gen1", "x64Gen2"]), min_size=1, max_size=2, unique=True),
    st.dictionaries(
        st.sampled_from(["lifecycleState", "note"]), st.sampled_from(["deprecated", "generallyAvailable"])
    ),
)
fields = st.dictionaries(st.sampled_from(["title", "alias", "recommendedVmSizes", "openPorts", "new"]), values)
configurations = st.builds(
    lambda images, more: technical(vmImageVersions=images, **more),
    st.lists(versions, max_size=3, unique_by=lambda each: each["versionNumber"]),
    fields,
)
others = st.builds(
    lambda number, more: {**documents.resources()[number], **more}, st.sampled_from([1, 2, 3, 4, 5, 6]), fields
)


@st.composite
def wanted(draw: Any) -> list[dict[str, Any]]:
    chosen = draw(st.lists(others, max_size=3, unique_by=lambda each: each["id"]))
    return [*chosen, draw(configurations)]


def tree(document: dict[str, Any]) -> Tree:
    found = tree_in(document)
    assert isinstance(found, Tree)
    return found


def applied(resources: list[dict[str, Any]]) -> tuple[Tree, Tree]:
    """The tree before and after what differs was sent."""
    draft = Draft(documents.tree())
    before = tree(documents.tree())
    for resource in compare_draft(WHAT, resources_in(WHAT, resources), before).resources:
        draft.change(json.loads(json.dumps(resource)))
    assert draft.tree is not None
    return before, tree(draft.tree)


@settings(max_examples=settings.default.max_examples // 2)
@given(wanted())
def test_what_was_applied_differs_in_nothing_any_more(resources: list[dict[str, Any]]) -> None:
    _, after = applied(resources)
    assert compare_draft(WHAT, resources_in(WHAT, resources), after).changes == ()


@settings(max_examples=settings.default.max_examples // 2)
@given(wanted())
def test_no_image_version_is_ever_dropped_without_being_named(resources: list[dict[str, Any]]) -> None:
    before, after = applied(resources)
    for each in before.resources:
        later = after.with_id(each.id)
        assert later is not None
        assert set(image_versions(each.document)) <= set(image_versions(later.document))


@settings(max_examples=settings.default.max_examples // 2)
@given(wanted())
def test_only_what_is_wanted_is_another_afterwards(resources: list[dict[str, Any]]) -> None:
    before, after = applied(resources)
    named = {each.name for each in compare_draft(WHAT, resources_in(WHAT, resources), before).wanted}
    for each in before.resources:
        assert each.name in named or after.with_id(each.id) == each


@settings(max_examples=settings.default.max_examples // 2)
@given(wanted())
def test_a_tree_that_was_handed_on_is_taken_back_whatever_is_in_it(resources: list[dict[str, Any]]) -> None:
    _, after = applied(resources)
    handed_on = blanked(deepcopy(after.document))
    assert documents.SIGNATURE not in json.dumps(handed_on)
    assert compare_draft(WHAT, resources_in(WHAT, handed_on), after).changes == ()
    assert tree_changes(after, after) == ()


@settings(max_examples=settings.default.max_examples // 2)
@given(wanted())
def test_no_difference_shows_a_signature(resources: list[dict[str, Any]]) -> None:
    compared = compare_draft(WHAT, resources_in(WHAT, resources), tree(documents.tree()))
    shown = "".join(map(str, compared.comparison.differences)) + repr(compared)
    assert documents.SIGNATURE not in shown
    assert "an0ther" not in shown
