"""Bad parameters: what comes in by path and query is refused by name, and changes nothing.

The tables are in ``bad_input``. They are held against the API document, so no parameter can be forgotten.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from fastapi import FastAPI

from conformance.problem import blamed, names, refusal
from conformance.shop import Shop
from conformance.suite.bad_input.bodies import BODIES
from conformance.suite.bad_input.parameters import BAD_IDS, KEYS, NEEDED, NULS, QUERIES, packed
from conformance.suite.bad_input.values import HOSTILE, MAX_ID
from conformance.suite.bad_input.verdict import INVALID, operations, show, unsuited

RESOURCES = sorted({operation.split("/")[1] for operation in QUERIES})
by_resource = pytest.mark.parametrize("resource", RESOURCES)
"""One shop serves for a whole resource: furnishing it costs more than most operations' requests."""


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
async def test_invalid_parameter_is_named(untouched: Shop, resource: str) -> None:
    wrong = []
    for operation in queries(resource):
        for name, parameter in QUERIES[operation].items():
            for text in parameter.bad:
                if complaint := unsuited(await _query(untouched, operation, {name: text}), name):
                    wrong.append(f"{operation} {name} = {show(text)}: {complaint}")
    assert not wrong, "\n".join(wrong)


async def test_unknown_or_conflicting_parameter_is_named(untouched: Shop) -> None:
    for operation in QUERIES:
        for query in ({"nothing": "1"}, {"$where": "1"}, {"page[]": "1"}):
            answer = await _query(untouched, operation, query)
            assert (refusal(answer), blamed(answer)) == (INVALID, list(query)), operation
        await _check_contradictions(untouched, operation)


@by_resource
async def test_parameter_within_bounds_is_accepted(furnished: Shop, resource: str) -> None:
    for operation in queries(resource):
        for name, parameter in QUERIES[operation].items():
            for text in parameter.good:
                answer = await _query(furnished, operation, {name: text})
                allowed = (200, 400) if name == "new_status" else (200,)
                assert answer.status_code in allowed, f"{operation} {name} = {show(text)}: {answer.text}"
                if name in ("search", "q", "tag") and text in HOSTILE:
                    assert answer.json()["total"] == _occurrences(operation, text), f"{operation} {name} = {text}"


def _occurrences(operation: str, text: str) -> int:
    """How many rows of the furnished shop hold a hostile text: only the usernames, which have a ``_``."""
    return 2 if text == "_" and "users" in operation else 0


async def _check_contradictions(shop: Shop, operation: str) -> None:
    """Parameters that exclude each other, or are given twice, are refused."""
    if "cursor" in QUERIES[operation]:
        answer = await _query(shop, operation, {"page": "1", "cursor": ""})
        assert (refusal(answer), blamed(answer)) == (INVALID, ["cursor"])
    if "sort" in QUERIES[operation]:
        answer = await _query(shop, operation, {"sort": "id", "cursor": packed("-created_at", 0, 1)})
        assert (refusal(answer), blamed(answer)) == (INVALID, ["cursor"])
    for name, parameter in QUERIES[operation].items():
        answer = await _query(shop, operation, {name: [parameter.good[0], parameter.good[0]]})
        assert refusal(answer) == INVALID
        assert names(answer, name)


async def _query(shop: Shop, operation: str, query: Mapping[str, str | list[str]]) -> httpx2.Response:
    method, _, path = operation.partition(" ")
    url = path.replace("{id}", "1").replace("{user_id}", "1")
    return await shop.client.request(method, url, params={**NEEDED.get(operation, {}), **query})


async def test_unknown_key_in_path_is_404(untouched: Shop) -> None:
    for path, absent in KEYS.items():
        for text in (*absent, *NULS, *HOSTILE):
            answer = await untouched.client.get(path + quote(text, safe=""))
            assert refusal(answer) == (404, "not-found"), f"{path} {show(text)}: {answer.text}"
        for raw in ("%ff", "%ed%a0%80", "%00", "%", "%zz", "%2e%2e%2f"):
            assert refusal(await untouched.client.get(path + raw))[0] == 404


async def test_non_utf8_query_is_no_server_error(untouched: Shop) -> None:
    for raw in ("%ff", "%ed%a0%80", "%c0%80", "%zz", "%"):
        for path in ("/users?search=", "/users/search?q=", "/posts?tag=", "/products?search="):
            answer = await untouched.client.get(path + raw)
            assert answer.status_code == 200, answer.text
            assert answer.json()["total"] == 0


async def test_unserved_path_or_method_is_a_problem(untouched: Shop) -> None:
    assert refusal(await untouched.client.get("/nothing")) == (404, "not-found")
    assert refusal(await untouched.client.get("/users/1/nothing")) == (404, "not-found")
    refused = await untouched.client.put("/users", json={})
    assert refusal(refused) == (405, "method-not-allowed")
    assert refused.headers["allow"] == "GET, HEAD, POST"
    assert refusal(await untouched.client.request("BREW", "/users")) == (405, "method-not-allowed")


def _requests(app: FastAPI) -> Iterator[tuple[str, str, Any]]:
    """Method, path and a passing body of every operation that has an id in its path."""
    examples = {body.operation: body.example for body in BODIES}
    for name, operation in operations(app):
        method, _, path = name.partition(" ")
        if path.endswith(("id}", "/posts", "/products")) or "id}/" in path:
            query = "?new_status=confirmed" if path.endswith("/status") else ""
            body = examples[name]() if "requestBody" in operation else None
            if "{" in path:
                yield method, path + query, body


async def test_unknown_id_in_path_is_404(untouched: Shop, app: FastAPI) -> None:
    for method, path, body in _requests(app):
        for absent in (str(MAX_ID), "12345"):
            url = path.replace("{id}", absent).replace("{user_id}", absent)
            answer = await untouched.client.request(method, url, json=body)
            assert refusal(answer) == (404, "not-found"), f"{method} {url}: {answer.text}"


async def test_invalid_id_in_path_is_422(untouched: Shop, app: FastAPI) -> None:
    for method, path, body in _requests(app):
        name = "user_id" if "{user_id}" in path else "id"
        texts = (
            BAD_IDS if (method, path) == ("GET", "/orders/{id}") else ("0", "-1", "x", "1.0", str(2**53), str(2**63))
        )
        for text in (text for text in texts if text and "/" not in text):
            url = path.replace(f"{{{name}}}", quote(text, safe=""))
            answer = await untouched.client.request(method, url, json=body)
            assert (refusal(answer), blamed(answer)) == (INVALID, [name]), f"{method} {url}: {answer.text}"
