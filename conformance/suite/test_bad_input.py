"""Bad input: every refusal is a 4xx problem that names the field, and changes nothing; what is just inside passes.

The tables are in ``bad_input``. They are held against the API document, so no field can be forgotten.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from conformance.problem import blamed, read_problem, refusal
from conformance.shop import Shop
from conformance.suite.bad_input.bodies import BODIES, DUPLICATES, UNKNOWN_REFERENCES, Body, with_text, without
from conformance.suite.bad_input.values import BROKEN, HOSTILE, MAX_ID
from conformance.suite.bad_input.verdict import INVALID, operations, show, unsuited

JSON = {"content-type": "application/json"}

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

RESOURCES = sorted({body.url.split("/")[1] for body in BODIES})
by_resource = pytest.mark.parametrize("resource", RESOURCES)
"""One shop serves for a whole resource: furnishing it costs more than most operations' requests."""


async def send(client: httpx2.AsyncClient, body: Body, content: bytes, headers: Any = JSON) -> httpx2.Response:
    return await client.request(body.method, body.url, content=content, headers=headers)


def bodies(resource: str) -> list[Body]:
    """Those of the operations on a resource."""
    return [body for body in BODIES if body.url.split("/")[1] == resource]


@by_resource
async def test_invalid_body_names_the_field(untouched: Shop, resource: str) -> None:
    complaints = [await _complain(untouched, *bad) for body in bodies(resource) for bad in bad_bodies(body)]
    assert not any(complaints), "\n".join(filter(None, complaints))


async def test_body_without_json_content_type_is_415(untouched: Shop) -> None:
    for body in BODIES:
        content = json.dumps(body.example()).encode()
        for given in CONTENT_TYPES:
            answer = await send(untouched.client, body, content, {} if given is None else {"content-type": given})
            assert refusal(answer) == (415, "unsupported-media-type"), f"{body.operation}, {given}: {answer.text}"


def bad_bodies(body: Body) -> Iterator[tuple[Body, str, bytes]]:
    """The body, the field to blame, and the content."""
    for field, content in bad_fields(body):
        yield body, field, content
    for content in broken_bodies(body):
        yield body, "body", content
    for element in NO_ELEMENTS if body.prefix else ():
        yield body, "0", b"[%b]" % element
    for field, content in unknown_and_missing(body):
        yield body, field, content


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
    return complaint and f"{body.operation} {content[:150]!r}: {complaint}"


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.operation)
async def test_body_within_bounds_is_accepted(furnished: Shop, body: Body) -> None:
    wrong = []
    for field, kind in body.fields.items():
        for text in kind.good:
            answer = await send(furnished.client, body, with_text(body.example(), field, text))
            if answer.status_code not in body.accepted:
                wrong.append(f"{field} = {show(text)}: {answer.status_code} {answer.text[:300]}")
            elif answer.status_code == 400:
                read_problem(answer)
    assert not wrong, "\n".join(wrong)
    await _check_hostile_text(furnished, body)


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
async def test_bulk_length_is_bounded(untouched: Shop, path: str) -> None:
    make = untouched.registration if "users" in path else untouched.draft
    for bulk in ([], [make() for _ in range(1001)], {"0": make()}):
        answer = await untouched.client.post(path, json=bulk)
        assert refusal(answer) == INVALID
        assert blamed(answer) == ["body"]


@pytest.mark.parametrize("path", ["/users/bulk", "/products/bulk"])
async def test_bulk_of_1000_is_accepted(furnished: Shop, path: str) -> None:
    make = furnished.registration if "users" in path else furnished.draft
    drafts = [make() for _ in range(1000)]
    stored = await furnished.post(path, drafts)
    key = "username" if "users" in path else "sku"
    assert [one[key] for one in stored] == [draft[key] for draft in drafts]


@pytest.mark.parametrize("id", [MAX_ID, 12345])
async def test_unknown_reference_names_the_field(untouched: Shop, id: int) -> None:
    for method, path, example, field in UNKNOWN_REFERENCES:
        content = with_text(example() or {field: id}, field, str(id))
        answer = await untouched.client.request(method, path, content=content, headers=JSON)
        assert refusal(answer) == (400, "unknown-reference"), f"{method} {path}: {answer.text}"
        assert blamed(answer) == [field], f"{method} {path}"


async def test_duplicate_value_names_the_field(untouched: Shop) -> None:
    for method, path, example, field, value, how in DUPLICATES:
        answer = await untouched.client.request(method, path, json=_with(example(), field, value))
        assert refusal(answer) == (409, "duplicate"), f"{method} {path} {field}, compared {how}: {answer.text}"
        assert blamed(answer) == [field]


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
