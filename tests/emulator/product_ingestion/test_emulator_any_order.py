"""What always holds, whatever is asked in whatever order, through either door.

It is asked a lot, and so without sockets.
"""

from __future__ import annotations

import contextlib
import json
from urllib.parse import urlencode

from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.emulator.answer import Call
from tests.emulator.product_ingestion.conftest import BASE, OFFER, VERSION, schema

SERVICES = {"second": "https://graph.microsoft.com", "first": "https://cloudpartner.azure.com"}
PORTAL = f"/api/publishers/contoso/offers/{OFFER}"
PRODUCT = {"externalId": OFFER}


class Doors:
    """Both doors of an emulator that doesn't listen."""

    def __init__(self, **options):
        self.emulator = Emulator(duration=100, **options)
        self.emulator.add_offer(OFFER, plans=1, state="draft")
        self.tokens = {door: self._token(url) for door, url in SERVICES.items()}
        self.jobs = []

    def _token(self, resource):
        form = {
            "grant_type": "client_credentials",
            "client_id": self.emulator.client_id,
            "client_secret": self.emulator.client_secret,
            "resource": resource,
        }
        path = f"/{self.emulator.tenant_id}/oauth2/token"
        answer = self.emulator.answer(Call(method="POST", path=path, body=urlencode(form))).answer
        return json.loads(answer.body)["access_token"]

    def send(self, door, method, path, body=""):
        headers = {"authorization": f"Bearer {self.tokens[door]}"}
        query = {"api-version": "2017-10-31"} if door == "first" else {"$version": VERSION}
        call = Call(method=method, path=path, query=query, headers=headers, body=body)
        return self.emulator.answer(call).answer

    def configure(self, *resources):
        body = json.dumps({"$schema": schema("configure"), "resources": resources})
        return self.send("second", "POST", f"{BASE}/configure", body)

    def submit(self, target, **members):
        resource = {
            "$schema": schema("submission"),
            "product": PRODUCT,
            "target": {"targetType": target},
            **members,
        }
        self.jobs.append(json.loads(self.configure(resource).body)["jobId"])

    def rows(self):
        path = f"{BASE}/submission/{self.emulator.offer(OFFER).product_id}"
        return json.loads(self.send("second", "GET", path).body)["value"][1:]

    def job(self, job_id):
        return json.loads(self.send("second", "GET", f"{BASE}/configure/{job_id}/status").body)


ACTIONS = {
    "publish at the first": lambda doors: doors.send("first", "POST", f"{PORTAL}/publish"),
    "go live at the first": lambda doors: doors.send("first", "POST", f"{PORTAL}/golive"),
    "cancel at the first": lambda doors: doors.send("first", "POST", f"{PORTAL}/cancel"),
    "publish at the second": lambda doors: doors.submit("preview"),
    "go live at the second": lambda doors: [doors.submit("live", id=row["id"]) for row in doors.rows()],
    "cancel at the second": lambda doors: [
        doors.send("second", "POST", f"{BASE}/configure/{job}/cancel") for job in doors.jobs[-1:]
    ],
    "succeed": lambda doors: doors.emulator.finish(OFFER),
    "fail": lambda doors: doors.emulator.finish(OFFER, "fail"),
    "a while": lambda doors: doors.emulator.advance(37),
    "long": lambda doors: doors.emulator.advance(100),
}


@settings(max_examples=settings.default.max_examples // 2)
@given(st.lists(st.sampled_from(list(ACTIONS)), max_size=14))
@example(["publish at the second", "long", "go live at the second", "long", "publish at the first", "fail"])
def test_both_doors_always_agree(names):
    doors = Doors(token_lifetime=1e6)
    portal, ended = doors.emulator.portal, {}
    for name in names:
        # Nothing runs that could be ended.
        with contextlib.suppress(ValueError):
            ACTIONS[name](doors)
        offer, rows = doors.emulator.offer(OFFER), doors.rows()
        running = [each for each in portal.operations("contoso", OFFER) if portal.view(each).state == "running"]
        assert len(running) <= 1
        busy = [each for each in running if not portal.view(each).waits_for_signoff]
        assert len([row for row in rows if row["status"] != "completed"]) == len(busy)
        targets = [row["target"]["targetType"] for row in rows]
        assert targets.count("preview") <= 1
        assert targets.count("live") <= 2
        assert len({row["id"] for row in rows}) == len(rows)
        serving = [row for row in rows if (row["target"]["targetType"], row["result"]) == ("live", "succeeded")]
        version = portal.live_version(offer)
        # What the first door takes live anew has one row.
        anew = any(each.kind == "golive" and each.offer_version == version for each in running)
        assert len(serving) == (version is not None and not anew)
        for job_id, before in ended.items():
            assert doors.job(job_id) == before
        ended = {job: document for job in doors.jobs if (document := doors.job(job))["jobStatus"] == "completed"}
    # Each publication was accepted by one request; each job that didn't fail at once has one.
    accepted = [r for r in doors.emulator.requests if r.action in ("publish", "golive") and r.accepted]
    refused = [
        job
        for job in doors.jobs
        if portal.operation(portal.records["product_ingestion"][job]["operation_id"]) is None
    ]
    assert len(doors.emulator.operations(OFFER)) == len(accepted) - len(refused)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["preview", "x64Gen1", OFFER]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["externalId", "targetType", "sourceType", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
members = st.sampled_from(
    [
        "$schema", "id", "product", "plan", "target", "identity", "type", "resourceName", "languageId", "skus",
        "vmImageVersions", "vmProperties", "lifecycleState", "recommendedVmSizes",
    ]
)  # fmt: skip
WHOLE = {
    "$schema": schema("virtual-machine-plan-technical-configuration"),
    "product": PRODUCT,
    "plan": {"externalId": f"{OFFER}-plan"},
    "skus": [{"imageType": "x64Gen1", "skuId": f"{OFFER}-plan"}],
    "vmImageVersions": [
        {
            "versionNumber": "1.0.0",
            "vmImages": [
                {"imageType": "x64Gen1", "source": {"sourceType": "sasUri", "osDisk": {"uri": "https://x/y.vhd"}}}
            ],
        }
    ],
}
SOUND = [
    WHOLE,
    {"$schema": schema("submission"), "product": PRODUCT, "target": {"targetType": "preview"}},
    {"$schema": schema("submission"), "product": PRODUCT, "target": {"targetType": "live"}},
    {"$schema": schema("plan"), "product": PRODUCT, "identity": {"externalId": "another"}},
    {"$schema": schema("product"), "identity": {"externalId": "another"}, "type": "azureVirtualMachine"},
    {"$schema": schema("listing"), "product": PRODUCT},
    {"$schema": schema("customer-leads"), "product": PRODUCT},
]
resources = st.builds(
    lambda sound, odd: sound | odd, st.sampled_from(SOUND), st.dictionaries(members, values, max_size=2)
)


@given(st.lists(resources, min_size=1, max_size=3))
@example([WHOLE])
@example([WHOLE | {"identity": None, "skus": None}])
@example([{"$schema": schema("product"), "id": "product/x", "identity": None}])
def test_whatever_is_posted_is_answered_in_the_services_form(posted):
    doors = Doors()
    answer = doors.configure(*posted)
    document = json.loads(answer.body)
    if answer.status == 400:
        assert document["error"]["code"] == "badRequest"
        assert document["error"]["message"]
        return
    assert answer.status == 202
    job = doors.job(document["jobId"])
    assert (job["jobResult"] == "failed") == bool(job["errors"])
    # What it left can be read.
    assert doors.send("second", "GET", f"{BASE}/product").status == 200
    tree = doors.send("second", "GET", f"{BASE}/resource-tree/product/{doors.emulator.offer(OFFER).product_id}")
    assert tree.status == 200
    assert doors.send("first", "GET", PORTAL).status == 200
