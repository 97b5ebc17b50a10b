"""Before anything is measured: ours and the one by hand must answer alike, and store alike."""

from typing import Any

import httpx2

from benchmarks.speed.workloads import Requests, new_product

Json = Any

UNFIT: list[tuple[str, str, Json]] = [
    ("GET", "/products/4000000000", None),
    ("GET", "/products/0", None),
    ("GET", "/products/one", None),
    ("GET", "/products?cursor=&page_size=101", None),
    ("GET", "/products?cursor=behind", None),
    ("POST", "/orders", {"user_id": 1, "items": []}),
    ("POST", "/orders", {"user_id": 1, "items": [{"product_id": 1, "quantity": 0}]}),
    ("POST", "/orders", {"user_id": 1, "items": [{"product_id": 1, "quantity": 2_100_000_000}]}),
    ("POST", "/orders", {"user_id": 1, "items": [{"product_id": 4_000_000_000, "quantity": 1}]}),
    ("POST", "/orders", {"user_id": 4_000_000_000, "items": [{"product_id": 1, "quantity": 1}]}),
    ("POST", "/orders", {"user_id": 1, "items": [{"product_id": 1, "quantity": 1}], "total": 1}),
    ("POST", "/products/bulk", []),
    ("POST", "/products/bulk", [new_product() | {"price": "79.999"}]),
    ("POST", "/products/bulk", [new_product() | {"price": 0}]),
    ("POST", "/products/bulk", [new_product() | {"name": " "}]),
    ("POST", "/products/bulk", [new_product() | {"name": "\0"}]),
    ("POST", "/products/bulk", [new_product() | {"sku": "A B"}]),
    ("POST", "/products/bulk", [new_product() | {"sku": "SKU-1"}]),
    ("POST", "/products/bulk", [new_product() | {"category_id": 4_000_000_000}]),
    ("POST", "/products/bulk", [new_product() | {"colour": "red"}]),
]
"""Requests that neither may serve, with the same status."""


class Differ(Exception):
    """They do not."""


def compare(ours: str, raw: str, requests: Requests) -> None:
    """Ask both.

    Raises:
        Differ: says where.
    """
    with httpx2.Client(base_url=ours, timeout=60) as one, httpx2.Client(base_url=raw, timeout=60) as other:
        for path in [*(f"/products/{key}" for key in requests.products[::1000]), *_pages(requests)]:
            _equal(path, one.get(path), other.get(path))
        draft = requests.order_draft()
        _equal("/orders", one.post("/orders", json=draft), other.post("/orders", json=draft))
        _bulk(one, other)
        for method, path, body in UNFIT:
            refused, also = (client.request(method, path, json=body) for client in (one, other))
            if refused.status_code != also.status_code or refused.is_success:
                raise Differ(f"{method} {path} {body}: {refused.status_code} {also.status_code}, {also.text[:200]}")


def _pages(requests: Requests) -> list[str]:
    return ["/products?cursor=&page_size=100", *(f"/products?{query}" for query in requests.queries[::10])]


def _bulk(one: httpx2.Client, other: httpx2.Client) -> None:
    """As the bodies must be unique, what they have in common is compared; what was stored is read through ours."""
    for client in (one, other):
        draft = new_product() | {"sku": f"new-{client.base_url.port}", "name": " Café Ångström ", "price": 12.5}
        [created] = client.post("/products/bulk", json=[draft]).raise_for_status().json()
        stored = one.get(f"/products/{created['id']}").json()
        expected = {
            **draft,
            "sku": draft["sku"].upper(),
            "name": "Café Ångström",
            "price": "12.50",
            "is_active": True,
            "category_id": None,
            "version": 1,
        }
        told = {name: value for name, value in created.items() if name not in ("id", "created_at", "updated_at")}
        found = one.get("/products", params={"search": "café ångström", "sort": "-id", "page_size": 1}).json()["items"]
        if stored != created or told != expected or found != [created]:
            raise Differ(f"bulk: {created} {stored} {expected} {found}")


def _equal(what: str, one: httpx2.Response, other: httpx2.Response) -> None:
    same = [_masked(answer) for answer in (one, other)]
    if same[0] != same[1] or not one.is_success:
        raise Differ(f"{what}: {same[0]} {same[1]}")
    if "/orders" not in what and one.content != other.content:
        raise Differ(f"{what}: not the same bytes")


def _masked(answer: httpx2.Response) -> tuple[int, str, Json]:
    body = answer.json()
    masked = {"id", "order_number", "created_at", "updated_at"} if "order_number" in body else set()
    content = {name: "masked" if name in masked else value for name, value in body.items()}
    return answer.status_code, answer.headers["content-type"], list(content.items())
