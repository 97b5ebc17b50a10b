"""Bad parameters of path and query: the problem names the parameter, and nothing changes.

The tables are in ``bad_input``. They are compared with the API document, so no parameter can be forgotten.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from fastapi import FastAPI

from conformance.problem import error_fields, error_of, has_error_in
from conformance.shop import Shop
from conformance.suite.bad_input.bodies import BODIES
from conformance.suite.bad_input.checks import INVALID, find_fault, operations, shorten
from conformance.suite.bad_input.parameters import (
    BAD_IDS,
    NULS,
    QUERIES,
    REQUIRED_PARAMETERS,
    UNKNOWN_KEYS,
    encode_cursor,
)
from conformance.suite.bad_input.values import HOSTILE, MAX_ID

RESOURCES = sorted({operation.split("/")[1] for operation in QUERIES})
by_resource = pytest.mark.parametrize("resource", RESOURCES)
"""All operations of a resource share one shop: populating it takes longer than most operations' requests."""


def queries(resource: str) -> list[str]:
    """The operations on a resource that have query parameters."""
    return [operation for operation in QUERIES if operation.split("/")[1] == resource]


async def test_every_parameter_has_cases(app: FastAPI) -> None:
    documented = {
        name: {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        for name, operation in operations(app)
    }
    assert {name: set(parameters) for name, parameters in QUERIES.items()} == {n: q for n, q in documented.items() if q}


@by_resource
async def test_invalid_parameter_is_named(unchanged_shop: Shop, resource: str) -> None:
    faults = []
    for operation in queries(resource):
        for name, parameter in QUERIES[operation].items():
            for text in parameter.invalid:
                if fault := find_fault(await _query(unchanged_shop, operation, {name: text}), name):
                    faults.append(f"{operation} {name} = {shorten(text)}: {fault}")
    assert not faults, "\n".join(faults)


async def test_unknown_or_conflicting_parameter_is_named(unchanged_shop: Shop) -> None:
    for operation in QUERIES:
        for query in ({"nothing": "1"}, {"$where": "1"}, {"page[]": "1"}):
            response = await _query(unchanged_shop, operation, query)
            assert (error_of(response), error_fields(response)) == (INVALID, list(query)), operation
        await _check_contradictions(unchanged_shop, operation)


@by_resource
async def test_parameter_within_bounds_is_accepted(populated_shop: Shop, resource: str) -> None:
    for operation in queries(resource):
        for name, parameter in QUERIES[operation].items():
            for text in parameter.valid:
                response = await _query(populated_shop, operation, {name: text})
                allowed = (200, 400) if name == "new_status" else (200,)
                assert response.status_code in allowed, f"{operation} {name} = {shorten(text)}: {response.text}"
                if name in ("search", "q", "tag") and text in HOSTILE:
                    assert response.json()["total"] == _occurrences(operation, text), f"{operation} {name} = {text}"


def _occurrences(operation: str, text: str) -> int:
    """How many rows of the populated shop contain a hostile text: only the usernames, which have a ``_``."""
    return 2 if text == "_" and "users" in operation else 0


async def _check_contradictions(shop: Shop, operation: str) -> None:
    """Parameters that exclude each other, or occur twice, are rejected."""
    if "cursor" in QUERIES[operation]:
        response = await _query(shop, operation, {"page": "1", "cursor": ""})
        assert (error_of(response), error_fields(response)) == (INVALID, ["cursor"])
    if "sort" in QUERIES[operation]:
        response = await _query(shop, operation, {"sort": "id", "cursor": encode_cursor("-created_at", 0, 1)})
        assert (error_of(response), error_fields(response)) == (INVALID, ["cursor"])
    for name, parameter in QUERIES[operation].items():
        response = await _query(shop, operation, {name: [parameter.valid[0], parameter.valid[0]]})
        assert error_of(response) == INVALID
        assert has_error_in(response, name)


async def _query(shop: Shop, operation: str, query: Mapping[str, str | list[str]]) -> httpx2.Response:
    method, _, path = operation.partition(" ")
    url = path.replace("{id}", "1").replace("{user_id}", "1")
    return await shop.client.request(method, url, params={**REQUIRED_PARAMETERS.get(operation, {}), **query})


async def test_unknown_key_in_path_is_404(unchanged_shop: Shop) -> None:
    for path, unknown in UNKNOWN_KEYS.items():
        for text in (*unknown, *NULS, *HOSTILE):
            response = await unchanged_shop.client.get(path + quote(text, safe=""))
            assert error_of(response) == (404, "not-found"), f"{path} {shorten(text)}: {response.text}"
        for raw in ("%ff", "%ed%a0%80", "%00", "%", "%zz", "%2e%2e%2f"):
            assert error_of(await unchanged_shop.client.get(path + raw))[0] == 404


async def test_non_utf8_query_is_no_server_error(unchanged_shop: Shop) -> None:
    for raw in ("%ff", "%ed%a0%80", "%c0%80", "%zz", "%"):
        for path in ("/users?search=", "/users/search?q=", "/posts?tag=", "/products?search="):
            response = await unchanged_shop.client.get(path + raw)
            assert response.status_code == 200, response.text
            assert response.json()["total"] == 0


async def test_unserved_path_or_method_is_a_problem(unchanged_shop: Shop) -> None:
    assert error_of(await unchanged_shop.client.get("/nothing")) == (404, "not-found")
    assert error_of(await unchanged_shop.client.get("/users/1/nothing")) == (404, "not-found")
    rejected = await unchanged_shop.client.put("/users", json={})
    assert error_of(rejected) == (405, "method-not-allowed")
    assert rejected.headers["allow"] == "GET, HEAD, POST"
    assert error_of(await unchanged_shop.client.request("BREW", "/users")) == (405, "method-not-allowed")


def _requests(app: FastAPI) -> Iterator[tuple[str, str, Any]]:
    """Method, path and a valid body of every operation that has an id in its path."""
    examples = {body.operation: body.example for body in BODIES}
    for name, operation in operations(app):
        method, _, path = name.partition(" ")
        if path.endswith(("id}", "/posts", "/products")) or "id}/" in path:
            query = "?new_status=confirmed" if path.endswith("/status") else ""
            body = examples[name]() if "requestBody" in operation else None
            if "{" in path:
                yield method, path + query, body


async def test_unknown_id_in_path_is_404(unchanged_shop: Shop, app: FastAPI) -> None:
    for method, path, body in _requests(app):
        for unknown in (str(MAX_ID), "12345"):
            url = path.replace("{id}", unknown).replace("{user_id}", unknown)
            response = await unchanged_shop.client.request(method, url, json=body)
            assert error_of(response) == (404, "not-found"), f"{method} {url}: {response.text}"


async def test_invalid_id_in_path_is_422(unchanged_shop: Shop, app: FastAPI) -> None:
    for method, path, body in _requests(app):
        name = "user_id" if "{user_id}" in path else "id"
        texts = (
            BAD_IDS if (method, path) == ("GET", "/orders/{id}") else ("0", "-1", "x", "1.0", str(2**53), str(2**63))
        )
        for text in (text for text in texts if text and "/" not in text):
            url = path.replace(f"{{{name}}}", quote(text, safe=""))
            response = await unchanged_shop.client.request(method, url, json=body)
            assert (error_of(response), error_fields(response)) == (INVALID, [name]), f"{method} {url}: {response.text}"
