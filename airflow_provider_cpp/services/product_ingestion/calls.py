"""Which calls there are: method, path, query and body of each, as a value.

Sources: Microsoft's pages on the Product Ingestion API (kvamseek/partner-center, `product-ingestion-api.md`), and
the clients that are public. Whatever is written goes through one call, `POST configure`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from airflow_provider_cpp.services.product_ingestion.advice import meaning
from airflow_provider_cpp.services.product_ingestion.schemas import schema_url
from airflow_provider_cpp.wire.call import MAX_BODY, Call

#: Below which every call is.
BASE = "/rp/product-ingestion"

#: Bytes that a tree may have: each plan brings its image versions, a hundred of which may be offered.
MAX_TREE = 16 * MAX_BODY

_call = partial(Call, version_parameter="$version", meaning=meaning)

#: No page has 503 or Retry-After, and gateways stand before the service: whether one that names a time to come
#: back has passed a request on isn't known. Clients take only a 4xx for a refusal.
_write = partial(_call, unread=frozenset({429}))


def find_product(offer: str, external_id: str) -> Call:
    """Find a product by the identifier that the portal shows for it.

    :param offer: the offer in words.
    :param external_id: the offer's id.
    """
    return _call("Find product", offer, "GET", f"{BASE}/product", query=(("externalId", external_id),))


def list_products(of: str, query: tuple[tuple[str, str], ...] = ()) -> Call:
    """List the products of the seller account.

    :param of: whose, in words.
    :param query: further parameters.
    """
    return _call("List offers", of, "GET", f"{BASE}/product", query=query, max_answer=MAX_TREE)


def list_submissions(offer: str, product: str) -> Call:
    """List the submissions of a product that count: its draft, and what is in preview and live.

    :param offer: the offer in words.
    :param product: the product's GUID.
    """
    return _call("List submissions", offer, "GET", f"{BASE}/submission/{product}")


def get_tree(offer: str, product: str, target: str) -> Call:
    """Read all resources of a product in one of its environments.

    :param offer: the offer in words.
    :param product: the product's GUID.
    :param target: `draft`, `preview` or `live`.
    """
    return _call(
        f"Get {target} resources",
        offer,
        "GET",
        f"{BASE}/resource-tree/product/{product}",
        query=(("targetType", target),),
        max_answer=MAX_TREE,
    )


def get_job(offer: str, job: str) -> Call:
    """Read how a job goes.

    :param offer: the offer in words.
    :param job: the job's GUID.
    """
    return _call("Get job", offer, "GET", f"{BASE}/configure/{job}/status", operation_id=job)


def get_job_resources(offer: str, job: str) -> Call:
    """Read which resources a job that has ended created or changed.

    :param offer: the offer in words.
    :param job: the job's GUID.
    """
    path = f"{BASE}/configure/{job}"
    return _call("Get job's resources", offer, "GET", path, operation_id=job, max_answer=MAX_TREE)


def cancel_job(offer: str, job: str) -> Call:
    """Cancel a job.

    :param offer: the offer in words.
    :param job: the job's GUID.
    """
    return _write("Cancel", offer, "POST", f"{BASE}/configure/{job}/cancel", operation_id=job)


def configure(action: str, offer: str, resources: Sequence[Mapping[str, Any]], **more: Any) -> Call:
    """Write resources: the answer names a job that does so.

    :param action: what the call does, in a user's words.
    :param offer: the offer in words.
    :param resources: the resources, as JSON primitives.
    :param more: further fields of the call.
    """
    # No escapes that JSON doesn't ask for: an `&` in a shared-access URL has to arrive as one.
    body = json.dumps({"$schema": schema_url("configure"), "resources": list(resources)}, ensure_ascii=False)
    return _write(action, offer, "POST", f"{BASE}/configure", body=body, **more)


def submission(product: str, target: str, submission_id: str = "") -> dict[str, object]:
    """Return the resource by which a product is published.

    :param product: the product's GUID.
    :param target: `preview`, or `live`.
    :param submission_id: of what is in preview, which is to go live.
    """
    named = {"id": f"submission/{product}/{submission_id}"} if submission_id else {}
    return {
        "$schema": schema_url("submission"),
        **named,
        "product": f"product/{product}",
        "target": {"targetType": target},
    }
