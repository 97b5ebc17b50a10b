"""Checks before the measurement that Stockroom and the hand-written code return and store the same."""

from typing import Any

import httpx2

from benchmarks.speed.workloads import Requests, new_product

Json = Any

INVALID_REQUESTS: list[tuple[str, str, Json]] = [
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
"""Both must refuse these requests, with the same status."""


class Mismatch(Exception):
    """The two implementations differ."""


def require_agreement(ours: str, raw: str, requests: Requests) -> None:
    """Send the same requests to both.

    Raises:
        Mismatch: names the request.
    """
    with httpx2.Client(base_url=ours, timeout=60) as one, httpx2.Client(base_url=raw, timeout=60) as other:
        for path in [*(f"/products/{key}" for key in requests.products[::1000]), *_page_paths(requests)]:
            _require_equal(path, one.get(path), other.get(path))
        draft = requests.order_draft()
        _require_equal("/orders", one.post("/orders", json=draft), other.post("/orders", json=draft))
        _compare_bulk(one, other)
        for method, path, body in INVALID_REQUESTS:
            one_refused, other_refused = (client.request(method, path, json=body) for client in (one, other))
            if one_refused.status_code != other_refused.status_code or one_refused.is_success:
                statuses = f"{one_refused.status_code} {other_refused.status_code}"
                raise Mismatch(f"{method} {path} {body}: {statuses}, {other_refused.text[:200]}")


def _page_paths(requests: Requests) -> list[str]:
    return ["/products?cursor=&page_size=100", *(f"/products?{query}" for query in requests.queries[::10])]


def _compare_bulk(one: httpx2.Client, other: httpx2.Client) -> None:
    """The bodies must be unique, so their common fields are compared; stored products are read through Stockroom."""
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
        common = {name: value for name, value in created.items() if name not in ("id", "created_at", "updated_at")}
        found = one.get("/products", params={"search": "café ångström", "sort": "-id", "page_size": 1}).json()["items"]
        if stored != created or common != expected or found != [created]:
            raise Mismatch(f"bulk: {created} {stored} {expected} {found}")


def _require_equal(label: str, one: httpx2.Response, other: httpx2.Response) -> None:
    masked = [_mask(answer) for answer in (one, other)]
    if masked[0] != masked[1] or not one.is_success:
        raise Mismatch(f"{label}: {masked[0]} {masked[1]}")
    if "/orders" not in label and one.content != other.content:
        raise Mismatch(f"{label}: not the same bytes")


def _mask(answer: httpx2.Response) -> tuple[int, str, Json]:
    body = answer.json()
    masked = {"id", "order_number", "created_at", "updated_at"} if "order_number" in body else set()
    content = {name: "masked" if name in masked else value for name, value in body.items()}
    return answer.status_code, answer.headers["content-type"], list(content.items())
