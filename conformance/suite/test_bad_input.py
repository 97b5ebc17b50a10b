"""Bad input: a 4xx problem names the field and nothing changes; values just within the bounds are accepted.

The tables are in ``bad_input``. They are compared with the API document, so no field can be forgotten.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from conformance.problem import error_fields, error_of, read_problem
from conformance.shop import Shop
from conformance.suite.bad_input.bodies import BODIES, DUPLICATES, UNKNOWN_REFERENCES, Body, with_text, without
from conformance.suite.bad_input.checks import INVALID, find_fault, operations, shorten
from conformance.suite.bad_input.values import BROKEN, HOSTILE, MAX_ID

JSON = {"content-type": "application/json"}

UNKNOWN_FIELDS = ("id", "version", "created_at", "is_superuser", "password_hash", "$where", "__proto__", "NAME")
NOT_OBJECTS_IN_BULK = (b"null", b"true", b"5", b'"x"', b"[]", b"[{}]")
NOT_OBJECTS = (
    *NOT_OBJECTS_IN_BULK[:-1],
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

RESOURCES = sorted({body.url.split("/")[1] for body in BODIES})
by_resource = pytest.mark.parametrize("resource", RESOURCES)
"""All operations of a resource share one shop: populating it takes longer than most operations' requests."""


async def send(client: httpx2.AsyncClient, body: Body, content: bytes, headers: Any = JSON) -> httpx2.Response:
    return await client.request(body.method, body.url, content=content, headers=headers)


def bodies(resource: str) -> list[Body]:
    """The bodies of the operations on a resource."""
    return [body for body in BODIES if body.url.split("/")[1] == resource]


@by_resource
async def test_invalid_body_names_the_field(unchanged_shop: Shop, resource: str) -> None:
    faults = [
        await _find_body_fault(unchanged_shop, *invalid)
        for body in bodies(resource)
        for invalid in invalid_bodies(body)
    ]
    assert not any(faults), "\n".join(filter(None, faults))


async def test_body_without_json_content_type_is_415(unchanged_shop: Shop) -> None:
    for body in BODIES:
        content = json.dumps(body.example()).encode()
        for given in CONTENT_TYPES:
            response = await send(
                unchanged_shop.client, body, content, {} if given is None else {"content-type": given}
            )
            assert error_of(response) == (415, "unsupported-media-type"), f"{body.operation}, {given}: {response.text}"


def invalid_bodies(body: Body) -> Iterator[tuple[Body, str, bytes]]:
    """The body, the field that the problem must name, and the content."""
    for field, content in invalid_fields(body):
        yield body, field, content
    for content in malformed_bodies(body):
        yield body, "body", content
    for element in NOT_OBJECTS_IN_BULK if body.prefix else ():
        yield body, "0", b"[%b]" % element
    for field, content in unknown_and_missing(body):
        yield body, field, content


def invalid_fields(body: Body) -> Iterator[tuple[str, bytes]]:
    """The name of an invalid field, and the content with it."""
    for field, cases in body.fields.items():
        for text in cases.invalid:
            yield field, with_text(body.example(), field, text)


def malformed_bodies(body: Body) -> Iterator[bytes]:
    """Contents that are not JSON, or not an object."""
    for field in (next(iter(body.fields)), list(body.fields)[-1]):
        for text in BROKEN:
            yield with_text(body.example(), field, text)
    yield from NOT_OBJECTS


def unknown_and_missing(body: Body) -> Iterator[tuple[str, bytes]]:
    """The name of an unknown or missing field, and the content with it."""
    for name in UNKNOWN_FIELDS:
        yield body.prefix + name, with_text(body.example(), body.prefix + name, "1")
    yield body.prefix[:1] or "body", with_text(body.example(), f"{body.prefix}zzz", "1").replace(b"zzz", b"\\ud800")
    for field in body.required_fields:
        yield field, without(body.example(), field)


async def _find_body_fault(shop: Shop, body: Body, field: str, content: bytes) -> str:
    fault = find_fault(await send(shop.client, body, content), field)
    return fault and f"{body.operation} {content[:150]!r}: {fault}"


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.operation)
async def test_body_within_bounds_is_accepted(populated_shop: Shop, body: Body) -> None:
    faults = []
    for field, cases in body.fields.items():
        for text in cases.valid:
            response = await send(populated_shop.client, body, with_text(body.example(), field, text))
            if response.status_code not in body.accepted:
                faults.append(f"{field} = {shorten(text)}: {response.status_code} {response.text[:300]}")
            elif response.status_code == 400:
                read_problem(response)
    assert not faults, "\n".join(faults)
    await _check_hostile_text(populated_shop, body)


async def _check_hostile_text(shop: Shop, body: Body) -> None:
    """Hostile text is returned unchanged."""
    for field in (field for field, cases in body.fields.items() if cases.is_free_text and body.accepted != (201, 400)):
        for text in HOSTILE:
            response = await shop.client.request(body.method, body.url, json=_with(body.example(), field, text))
            assert response.status_code in body.accepted, response.text
            stored = response.json()[1] if body.prefix else response.json()
            assert stored[field.removeprefix(body.prefix)] == text


def _with(example: Any, field: str, value: Any) -> Any:
    target = example[1] if isinstance(example, list) else example
    target[field.removeprefix("1.")] = value
    return example


@pytest.mark.parametrize("path", ["/users/bulk", "/products/bulk"])
async def test_bulk_length_is_bounded(unchanged_shop: Shop, path: str) -> None:
    make = unchanged_shop.registration if "users" in path else unchanged_shop.draft
    for bulk in ([], [make() for _ in range(1001)], {"0": make()}):
        response = await unchanged_shop.client.post(path, json=bulk)
        assert error_of(response) == INVALID
        assert error_fields(response) == ["body"]


@pytest.mark.parametrize("path", ["/users/bulk", "/products/bulk"])
async def test_bulk_of_1000_is_accepted(populated_shop: Shop, path: str) -> None:
    make = populated_shop.registration if "users" in path else populated_shop.draft
    drafts = [make() for _ in range(1000)]
    stored = await populated_shop.post(path, drafts)
    key = "username" if "users" in path else "sku"
    assert [one[key] for one in stored] == [draft[key] for draft in drafts]


@pytest.mark.parametrize("id", [MAX_ID, 12345])
async def test_unknown_reference_names_the_field(unchanged_shop: Shop, id: int) -> None:
    for method, path, example, field in UNKNOWN_REFERENCES:
        content = with_text(example() or {field: id}, field, str(id))
        response = await unchanged_shop.client.request(method, path, content=content, headers=JSON)
        assert error_of(response) == (400, "unknown-reference"), f"{method} {path}: {response.text}"
        assert error_fields(response) == [field], f"{method} {path}"


async def test_duplicate_value_names_the_field(unchanged_shop: Shop) -> None:
    for method, path, example, field, value, comparison in DUPLICATES:
        response = await unchanged_shop.client.request(method, path, json=_with(example(), field, value))
        assert error_of(response) == (409, "duplicate"), (
            f"{method} {path} {field}, compared {comparison}: {response.text}"
        )
        assert error_fields(response) == [field]


async def test_every_body_and_field_has_cases(app: FastAPI) -> None:
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
