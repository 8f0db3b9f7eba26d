"""What a tree says, and by what its resources are known."""

from __future__ import annotations

import random
from typing import Any

import pytest

from airflow_provider_cpp.offers.paths import written
from airflow_provider_cpp.services.product_ingestion.trees import Tree, read_tree, tree_in
from tests.runner import answered
from tests.services.product_ingestion import tree_documents as documents

NAMES = {
    "product",
    "plan/gold",
    "listing/en-us",
    "listing-asset/en-us/azureLogoScreenshot/0",
    "listing-asset/en-us/azureLogoScreenshot/1",
    "customer-leads",
    "virtual-machine-plan-technical-configuration/gold",
}


def read(document: Any) -> Tree:
    found = read_tree(answered(200, document))
    assert isinstance(found, Tree)
    return found


def test_resources_are_known_by_what_a_person_can_write() -> None:
    tree = read(documents.tree())
    assert {written(each.name) for each in tree.resources} == NAMES
    assert (tree.product, tree.external_id, tree.plans) == (
        documents.GUID,
        documents.OFFER,
        {"gold": documents.PLAN_ID},
    )


def test_their_order_says_nothing() -> None:
    shuffled = documents.tree()
    random.Random(7).shuffle(shuffled["resources"])
    assert read(shuffled).resources == read(documents.tree()).resources


def test_a_plan_is_found_by_a_resources_id_where_no_field_names_it() -> None:
    one = documents.configuration()
    del one["plan"]
    tree = documents.tree(*documents.resources()[1:3], one)
    assert "virtual-machine-plan-technical-configuration/gold" in {
        written(each.name) for each in read(tree).resources
    }


def test_two_that_nothing_tells_apart_are_numbered() -> None:
    trailers = [
        {
            "$schema": documents.schema("listing-trailer", "2022-03-01-preview5"),
            "id": f"listing-trailer/{documents.GUID}/public/main/default/{number}",
        }
        for number in (2, 1)
    ]
    names = {each.id[-1]: written(each.name) for each in read(documents.tree(*trailers)).resources}
    assert names == {"1": "listing-trailer", "2": "listing-trailer/2"}


def test_a_resource_whose_schema_has_another_form_is_known_by_its_id() -> None:
    odd = {"$schema": "urn:microsoft:listing:9", "id": f"listing/{documents.GUID}/public/main/default/en-us"}
    (resource,) = read(documents.tree(odd)).resources
    assert (written(resource.name), resource.schema.version) == ("listing", "")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"value": []}, "no resources"),
        ({"resources": []}, "no product as its root"),
        ({"root": documents.PRODUCT, "resources": [{"id": "x"}]}, "resource 1 of the tree has no"),
        ({"root": documents.PRODUCT, "resources": ["x"]}, "resource 1 of the tree has no"),
        (b"<html>proxy</html>", "no JSON"),
    ],
)
def test_what_is_no_tree_is_said_in_words(body: Any, why: str) -> None:
    found = read_tree(answered(200, body))
    assert isinstance(found, str)
    assert why in found


def test_a_document_that_was_handed_on_is_a_tree_too() -> None:
    assert tree_in(documents.tree()) == read(documents.tree())


def test_no_signature_is_in_what_a_tree_is_printed_as() -> None:
    assert documents.SIGNATURE not in repr(read(documents.tree()))
