"""Bad input: every refusal is a 4xx problem that names the field, and changes nothing; what is just inside passes.

The tables are in ``bad_input``. They are held against the API document, so no field and no parameter can be forgotten.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from fastapi import FastAPI

from conformance.problem import blamed, names, read_problem, refusal
from conformance.shop import Shop, furnish
from conformance.suite.bad_input.bodies import BODIES, DUPLICATES, UNKNOWN_REFERENCES, Body, with_text, without
from conformance.suite.bad_input.parameters import BAD_IDS, KEYS, NEEDED, NULS, QUERIES, packed
from conformance.suite.bad_input.values import BROKEN, HOSTILE, MAX_ID

JSON = {"content-type": "application/json"}
INVALID = (422, "validation-failed")

UNKNOWN_FIELDS = ("id", "version", "created_at", "is_superuser", "password_hash", "$where", "__proto__", "NAME")
NO_ELEMENTS = (b"null", b"true", b"5", b'"x"', b"[]", b"[{}]")
NO_OBJECTS = (
    *NO_ELEMENTS[:-1],
    *(b"{}x", b"{}{}", b"{", b"", b"\x00", b"a=b", b"{'a': 1}", b'{"a": 1,}', b"/**/{}", b"\xef\xbb\xbf{}"),
    *(b'{"a": "\xe9"}', b'{"a": "\xed\xa0\x80"}', b'{"name": "a", "name": "b"}', b'{"a": {"b": 1, "b": 2}}'),
    *(b'{"a":' * 5000 + b"1" + b"}" * 5000, b"[" * 100_000),
)
CONTENT_TYPES = (
    None,
    "",
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin-1",
    "application/jsonp",
    "application/merge-patch+json",
    "*/*",
)

by_operation = pytest.mark.parametrize("body", BODIES, ids=lambda body: body.operation)


@pytest.fixture
async def shop(client: httpx2.AsyncClient) -> AsyncIterator[Shop]:
    """A furnished shop that must be the same afterwards."""
    shop = Shop(client)
    await furnish(shop)
    before = await shop.contents()
    yield shop
    assert await shop.contents() == before


@pytest.fixture
async def open_shop(client: httpx2.AsyncClient) -> Shop:
    """A furnished shop that may be changed."""
    shop = Shop(client)
    await furnish(shop)
    return shop


def operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation of the API document under its method and path."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


async def send(client: httpx2.AsyncClient, body: Body, content: bytes, headers: Any = JSON) -> httpx2.Response:
    return await client.request(body.method, body.url, content=content, headers=headers)


def show(text: object) -> str:
    """``text`` short enough for a message."""
    return f"{str(text)[:80]!r}"


def unsuited(answer: httpx2.Response, field: str) -> str:
    """What is wrong with the refusal of a bad ``field``; empty where it is as it should be."""
    if answer.status_code != 422:
        return f"answered {answer.status_code}: {answer.text[:200]}"
    return (
        "" if refusal(answer) == INVALID and names(answer, field) else f"does not blame {field!a}: {answer.text[:300]}"
    )


@by_operation
async def test_a_bad_body_is_refused_by_field(shop: Shop, body: Body) -> None:
    complaints = [
        *[await _complain(shop, body, field, content) for field, content in bad_fields(body)],
        *[await _complain(shop, body, "body", content) for content in broken_bodies(body)],
        *[await _complain(shop, body, "0", b"[%b]" % element) for element in NO_ELEMENTS if body.prefix],
        *[await _complain(shop, body, field, content) for field, content in unknown_and_missing(body)],
    ]
    assert not any(complaints), "\n".join(filter(None, complaints))
    content = json.dumps(body.example()).encode()
    for given in CONTENT_TYPES:
        answer = await send(shop.client, body, content, {} if given is None else {"content-type": given})
        assert refusal(answer) == (415, "unsupported-media-type"), f"{given}: {answer.text}"


def bad_fields(body: Body) -> Iterator[tuple[str, bytes]]:
    """Bodies with one bad field, whose name comes first."""
    for field, kind in body.fields.items():
        for text in kind.bad:
            yield field, with_text(body.example(), field, text)


def broken_bodies(body: Body) -> Iterator[bytes]:
    """Bodies that are no JSON, or JSON of another shape."""
    for field in (next(iter(body.fields)), list(body.fields)[-1]):
        for text in BROKEN:
            yield with_text(body.example(), field, text)
    yield from NO_OBJECTS


def unknown_and_missing(body: Body) -> Iterator[tuple[str, bytes]]:
    """Bodies with a field too much or too few, whose name comes first."""
    for name in UNKNOWN_FIELDS:
        yield body.prefix + name, with_text(body.example(), body.prefix + name, "1")
    yield body.prefix[:1] or "body", with_text(body.example(), f"{body.prefix}zzz", "1").replace(b"zzz", b"\\ud800")
    for field in body.needed:
        yield field, without(body.example(), field)


async def _complain(shop: Shop, body: Body, field: str, content: bytes) -> str:
    complaint = unsuited(await send(shop.client, body, content), field)
    return complaint and f"{content[:150]!r}: {complaint}"


@by_operation
async def test_a_body_just_inside_its_bounds_passes(open_shop: Shop, body: Body) -> None:
    wrong = []
    for field, kind in body.fields.items():
        for text in kind.good:
            answer = await send(open_shop.client, body, with_text(body.example(), field, text))
            if answer.status_code not in body.accepted:
                wrong.append(f"{field} = {show(text)}: {answer.status_code} {answer.text[:300]}")
            elif answer.status_code == 400:
                read_problem(answer)
    assert not wrong, "\n".join(wrong)
    await _check_hostile_text(open_shop, body)


async def _check_hostile_text(shop: Shop, body: Body) -> None:
    """Hostile text is text: it comes back as it was."""
    for field in (field for field, kind in body.fields.items() if kind.free and body.accepted != (201, 400)):
        for text in HOSTILE:
            answer = await shop.client.request(body.method, body.url, json=_with(body.example(), field, text))
            assert answer.status_code in body.accepted, answer.text
            stored = answer.json()[1] if body.prefix else answer.json()
            assert stored[field.removeprefix(body.prefix)] == text


def _with(example: Any, field: str, value: Any) -> Any:
    target = example[1] if isinstance(example, list) else example
    target[field.removeprefix("1.")] = value
    return example


@pytest.mark.parametrize("path", ["/users/bulk", "/products/bulk"])
async def test_the_length_of_a_bulk_is_bounded(shop: Shop, path: str) -> None:
    make = shop.registration if "users" in path else shop.draft
    for bulk in ([], [make() for _ in range(1001)], {"0": make()}):
        answer = await shop.client.post(path, json=bulk)
        assert refusal(answer) == INVALID
        assert blamed(answer) == ["body"]


@pytest.mark.parametrize("path", ["/users/bulk", "/products/bulk"])
async def test_a_thousand_in_one_bulk_pass(open_shop: Shop, path: str) -> None:
    make = open_shop.registration if "users" in path else open_shop.draft
    drafts = [make() for _ in range(1000)]
    stored = await open_shop.post(path, drafts)
    key = "username" if "users" in path else "sku"
    assert [one[key] for one in stored] == [draft[key] for draft in drafts]


@pytest.mark.parametrize("id", [MAX_ID, 12345])
async def test_a_reference_to_nothing_is_refused_by_name(shop: Shop, id: int) -> None:
    for method, path, example, field in UNKNOWN_REFERENCES:
        content = with_text(example() or {field: id}, field, str(id))
        answer = await shop.client.request(method, path, content=content, headers=JSON)
        assert refusal(answer) == (400, "unknown-reference"), f"{method} {path}: {answer.text}"
        assert blamed(answer) == [field], f"{method} {path}"


async def test_a_taken_value_is_refused_by_name(shop: Shop) -> None:
    for method, path, example, field, value, how in DUPLICATES:
        answer = await shop.client.request(method, path, json=_with(example(), field, value))
        assert refusal(answer) == (409, "duplicate"), f"{method} {path} {field}, compared {how}: {answer.text}"
        assert blamed(answer) == [field]


async def test_every_body_and_field_has_its_row(app: FastAPI) -> None:
    tables = {
        body.operation: {field.removeprefix(body.prefix).partition(".")[0] for field in body.fields} for body in BODIES
    }
    schemas = app.openapi()["components"]["schemas"]
    documented = {}
    for name, operation in operations(app):
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            schema = schema.get("items", schema)
            documented[name] = set(schemas[schema["$ref"].rpartition("/")[2]]["properties"])
    assert tables == documented


async def test_every_parameter_has_its_row(app: FastAPI) -> None:
    documented = {
        name: {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        for name, operation in operations(app)
    }
    assert {name: set(parameters) for name, parameters in QUERIES.items()} == {n: q for n, q in documented.items() if q}


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


async def test_a_path_to_nothing_is_not_found(shop: Shop, app: FastAPI) -> None:
    for method, path, body in _requests(app):
        for absent in (str(MAX_ID), "12345"):
            url = path.replace("{id}", absent).replace("{user_id}", absent)
            answer = await shop.client.request(method, url, json=body)
            assert refusal(answer) == (404, "not-found"), f"{method} {url}: {answer.text}"


async def test_a_path_with_no_id_is_refused(shop: Shop, app: FastAPI) -> None:
    for method, path, body in _requests(app):
        name = "user_id" if "{user_id}" in path else "id"
        texts = (
            BAD_IDS if (method, path) == ("GET", "/orders/{id}") else ("0", "-1", "x", "1.0", str(2**53), str(2**63))
        )
        for text in (text for text in texts if text and "/" not in text):
            url = path.replace(f"{{{name}}}", quote(text, safe=""))
            answer = await shop.client.request(method, url, json=body)
            assert (refusal(answer), blamed(answer)) == (INVALID, [name]), f"{method} {url}: {answer.text}"


@pytest.mark.parametrize("operation", QUERIES)
async def test_a_bad_parameter_is_refused_by_name(shop: Shop, operation: str) -> None:
    wrong = []
    for name, parameter in QUERIES[operation].items():
        for text in parameter.bad:
            answer = await _query(shop, operation, {name: text})
            if complaint := unsuited(answer, name):
                wrong.append(f"{name} = {show(text)}: {complaint}")
    assert not wrong, "\n".join(wrong)
    for query in ({"nothing": "1"}, {"$where": "1"}, {"page[]": "1"}):
        answer = await _query(shop, operation, query)
        assert (refusal(answer), blamed(answer)) == (INVALID, list(query))
    await _check_contradictions(shop, operation)


@pytest.mark.parametrize("operation", QUERIES)
async def test_a_parameter_just_inside_its_bounds_passes(open_shop: Shop, operation: str) -> None:
    for name, parameter in QUERIES[operation].items():
        for text in parameter.good:
            answer = await _query(open_shop, operation, {name: text})
            allowed = (200, 400) if name == "new_status" else (200,)
            assert answer.status_code in allowed, f"{name} = {show(text)}: {answer.text}"
            if name in ("search", "q", "tag") and text in HOSTILE:
                assert answer.json()["total"] == _occurrences(operation, text), f"{name} = {text}"


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


async def test_a_name_that_nothing_has_is_not_found(shop: Shop) -> None:
    for path, absent in KEYS.items():
        for text in (*absent, *NULS, *HOSTILE):
            answer = await shop.client.get(path + quote(text, safe=""))
            assert refusal(answer) == (404, "not-found"), f"{path} {show(text)}: {answer.text}"
        for raw in ("%ff", "%ed%a0%80", "%00", "%", "%zz", "%2e%2e%2f"):
            assert refusal(await shop.client.get(path + raw))[0] == 404


async def test_text_that_is_not_utf8_in_a_query_is_no_error_of_the_server(shop: Shop) -> None:
    for raw in ("%ff", "%ed%a0%80", "%c0%80", "%zz", "%"):
        for path in ("/users?search=", "/users/search?q=", "/posts?tag=", "/products?search="):
            answer = await shop.client.get(path + raw)
            assert answer.status_code == 200, answer.text
            assert answer.json()["total"] == 0


async def test_paths_and_methods_that_are_not_served_are_problems(shop: Shop) -> None:
    assert refusal(await shop.client.get("/nothing")) == (404, "not-found")
    assert refusal(await shop.client.get("/users/1/nothing")) == (404, "not-found")
    refused = await shop.client.put("/users", json={})
    assert refusal(refused) == (405, "method-not-allowed")
    assert refused.headers["allow"] == "GET, HEAD, POST"
    assert refusal(await shop.client.request("BREW", "/users")) == (405, "method-not-allowed")
