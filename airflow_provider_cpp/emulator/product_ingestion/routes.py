"""Decides which calls the Product Ingestion API takes; what a call does is decided elsewhere.

Slashes may be doubled, as a client has sent them for years (azure-img-utils before 2.7).
"""

from __future__ import annotations

from airflow_provider_cpp.emulator.routing import served

SERVICE = "product_ingestion"

#: For whom a token has to be.
AUDIENCE = "https://graph.microsoft.com"

#: Names of a job's id in the answer to what starts one: on the wire, and as the pages print it.
JOB_IDS = ("jobId", "jobID")
#: In which of their properties the documents say a state.
STATE_PROPERTIES = ("jobStatus", "status")
#: In which of their properties the documents have links.
LINKS = ("resourceUri", "@nextLink")

#: What a POST to ``configure`` is for: which of these is in its body.
NAMED_BY_THE_BODY = ("configure", "publish", "golive")

_GUID = r"[0-9A-Fa-f-]+"
_JOB = r"(?P<item>[A-Za-z0-9-]+)"
_DURABLE_ID = r"[a-z](?:-?[a-z0-9]+)*/[A-Za-z0-9-]+(?:/[A-Za-z0-9-]+)*"

_CALLS = (
    ("GET", "product", "products"),
    ("GET", "plan", "plans"),
    ("GET", rf"resource-tree/(?P<item>product/{_GUID})", "resource-tree"),
    ("GET", rf"submission/(?P<item>{_GUID})", "submissions"),
    ("GET", rf"(?P<item>submission/{_GUID}/[0-9]+)", "submission"),
    ("POST", "configure", "configure"),
    ("GET", rf"configure/{_JOB}/status", "operation"),
    ("POST", rf"configure/{_JOB}/cancel", "cancel"),
    ("GET", rf"configure/{_JOB}", "job-detail"),
    ("GET", rf"(?P<item>{_DURABLE_ID})", "resource"),
    # Every other path below the base: no method is one that it takes.
    ("", r".*", "unknown"),
)

ROUTES = served(
    SERVICE,
    (
        (method, f"/rp/product-ingestion/{pattern}".replace("/", "/+"), action)
        for method, pattern, action in _CALLS
    ),
)
