"""Offers that load from a folder of JSON files, and what PUT changes there."""

from __future__ import annotations

import json
import os
import threading

import pytest

from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.emulator.cli import main

from .conftest import Client

DOCUMENT = {
    "offerTypeId": "microsoft-azure-virtualmachines",
    "offerTypeVersions": {"microsoft-azure-virtualmachines": 87},
    "pcMigrationStatus": "migrated",
    "definition": {"displayText": "Mine", "offer": {}, "plans": [{"planId": "plan"}]},
}


def keep(folder, name, **changes):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**DOCUMENT, **changes}))
    return path


@pytest.fixture
def run(tmp_path):
    portals = []

    def start(folder=tmp_path, **options):
        portal = Emulator(offers=folder, **options).start()
        client = Client(portal)
        portals.append((portal, client))
        return portal, client

    yield start
    for portal, client in portals:
        client.session.close()
        portal.stop()


def test_a_file_is_an_offer_with_everything_that_it_holds(tmp_path, run):
    keep(tmp_path, "contoso/mine.json")
    _, client = run()
    document = client.on_offer("GET", offer="mine").json()
    definition = document["definition"]
    assert document["pcMigrationStatus"] == "migrated"
    assert (definition["displayText"], definition["plans"][0]["planId"]) == ("Mine", "plan")
    assert "offerTypeVersions" not in document, "no answer has it"
    assert (document["publisherId"], document["id"]) == ("contoso", "mine")
    assert (document["status"], document["version"]) == ("neverPublished", 1)


def test_publisher_and_name_come_from_the_document_or_from_the_path(tmp_path, run):
    keep(tmp_path, "fabrikam/one.json")
    keep(tmp_path, "two.json", publisherId="northwind", id="deux")
    keep(tmp_path, "three.json")
    keep(tmp_path, ".git/four.json", definition=None)
    portal, _ = run()
    offers = {(offer.publisher_id, offer.offer_id) for offer in portal.portal.offers()}
    assert offers == {("fabrikam", "one"), ("northwind", "deux"), ("contoso", "three")}
    assert portal.publisher_id == "fabrikam"


@pytest.mark.parametrize(
    ("word", "in_preview", "live"),
    [("neverPublished", 404, 404), ("waitingForPublisherReview", 200, 404), ("published", 200, 200)],
)
def test_the_status_says_how_an_offer_begins(tmp_path, run, word, in_preview, live):
    keep(tmp_path, "contoso/mine.json", status=word, version=5)
    _, client = run()
    assert client.on_offer("GET", "/slot/Preview", "mine").status_code == in_preview
    assert client.on_offer("GET", "/slot/Production", "mine").status_code == live
    assert client.on_offer("GET", "/versions/5", "mine").status_code == 200


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("contoso/bad.json", "{", "no JSON"),
        ("contoso/bad.json", "[]", "no JSON object"),
        ("contoso/bad.json", "{}", "'OfferTypeId' cannot be null"),
        ("contoso/bad.json", json.dumps(DOCUMENT | {"definition": []}), "'Definition' cannot be null"),
        ("contoso/bad.json", json.dumps(DOCUMENT | {"publisherId": "fabrikam"}), "does not match 'contoso'"),
        ("contoso/bad.json", json.dumps(DOCUMENT | {"id": 7}), "7 is no name"),
        ("contoso/bad.json", json.dumps(DOCUMENT | {"id": "a/b"}), "'a/b' is no name"),
        ("contoso/deep/bad.json", json.dumps(DOCUMENT), "too deep"),
        ("bad.json", json.dumps(DOCUMENT | {"id": "good"}), "holds offer contoso/good already"),
    ],
)
def test_a_file_that_is_no_offer_is_refused_by_its_name(tmp_path, name, text, reason):
    keep(tmp_path, "contoso/good.json")
    keep(tmp_path, "contoso/worse.json", offerTypeId=None)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(ValueError, match=r"worse\.json: The argument: 'OfferTypeId'") as refused:
        Emulator(offers=tmp_path)
    (line,) = [line for line in str(refused.value).splitlines() if "worse.json" not in line]
    assert str(path) in line
    assert reason in line


def test_a_file_that_is_no_offer_ends_the_command(tmp_path, capsys):
    path = keep(tmp_path, "contoso/bad.json", offerTypeId=None)
    with pytest.raises(SystemExit):
        main(["--offers", str(tmp_path)])
    assert f"{path}: The argument: 'OfferTypeId'" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no folder"):
        Emulator(offers=tmp_path / "missing")


def test_what_put_takes_is_there_after_a_restart(tmp_path, run):
    path = keep(tmp_path, "contoso/mine.json", status="waitingForPublisherReview", version=3, mineAlone={"a": [1]})
    portal, client = run()
    document = client.on_offer("GET", offer="mine").json()
    document["definition"]["displayText"] = "Übung"
    document["newHere"] = True
    assert "mineAlone" not in document
    assert client.on_offer("PUT", offer="mine", json=document, headers={"If-Match": "*"}).status_code == 200
    portal.stop()
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert (kept["definition"]["displayText"], kept["newHere"], kept["mineAlone"]) == ("Übung", True, {"a": [1]})
    assert (kept["status"], kept["version"]) == ("waitingForPublisherReview", 3)
    assert "Übung" in path.read_text(encoding="utf-8")
    _, again = run()
    document = again.on_offer("GET", offer="mine").json()
    assert document["definition"]["displayText"] == "Übung"


def test_a_new_offer_becomes_a_file_of_its_publishers(tmp_path, run):
    _, client = run()
    assert client.on_offer("PUT", offer="new", json=DOCUMENT).status_code == 201
    kept = json.loads((tmp_path / "contoso" / "new.json").read_text())
    assert kept == {**DOCUMENT, "publisherId": "contoso", "id": "new"}
    assert client.on_offer("PUT", offer="new", json=DOCUMENT).status_code == 409
    assert [each.name for each in (tmp_path / "contoso").iterdir()] == ["new.json"]


def test_an_offer_that_cannot_be_saved_is_not_changed(tmp_path, run):
    _, client = run()
    (tmp_path / "contoso").write_text("a file where a folder is to be")
    answer = client.on_offer("PUT", offer="new", json=DOCUMENT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "InternalServerError")
    assert client.on_offer("GET", offer="new").status_code == 404


def test_a_reader_never_sees_half_a_file(tmp_path, run):
    path = keep(tmp_path, "contoso/mine.json")
    _, client = run()
    done = threading.Event()
    torn = []

    def read():
        while not done.is_set():
            try:
                json.loads(path.read_text())
            except ValueError as error:
                torn.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(30):
            body = {**DOCUMENT, "definition": {"displayText": "x" * 20_000 + str(number)}}
            client.on_offer("PUT", offer="mine", json=body, headers={"If-Match": "*"})
    finally:
        done.set()
        reader.join()
    assert not torn
    assert client.on_offer("GET", offer="mine").json()["definition"]["displayText"].endswith("29")


def test_beside_a_state_file_the_draft_is_the_folders(tmp_path, run):
    folder = tmp_path / "offers"
    keep(folder, "contoso/mine.json", status="published")
    portal, client = run(folder, state_file=tmp_path / "state.json")
    operations = [operation.id for operation in portal.operations("mine")]
    portal.stop()
    keep(folder, "contoso/mine.json", definition={"displayText": "Edited", "plans": []})
    portal, client = run(folder, state_file=tmp_path / "state.json")
    assert [operation.id for operation in portal.operations("mine")] == operations
    assert client.on_offer("GET", offer="mine").json()["definition"]["displayText"] == "Edited"


@pytest.mark.cpp_offers("tests/emulator/offers")
def test_a_marker_gives_the_fixture_a_copy_of_a_folder(cpp_emulator, request):
    theirs = request.config.rootpath / "tests/emulator/offers/fabrikam/sample.json"
    before = theirs.read_text()
    assert json.loads(os.environ["AIRFLOW_CONN_CPP_DEFAULT"])["extra"]["publisher_id"] == "fabrikam"
    (offer,) = cpp_emulator.portal.offers()
    cpp_emulator.portal.put_offer("fabrikam", "sample", {**DOCUMENT, "id": "sample"})
    assert theirs.read_text() == before
    assert offer.offer_id == "sample"
