"""The OpenAPI document: FastAPI's, with what every operation really answers."""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter
from typing_extensions import override

from api import idempotency
from api.middleware.admission import ALWAYS_SERVED, EXEMPT
from api.middleware.observability import REQUEST_ID
from api.openapi_fields import field_schema
from api.openapi_security import describe_security
from api.preconditions import ETAG_TYPES
from api.problems import MEDIA_TYPE, Problem, status_of
from api.routing import permissions_of
from core.entities.fields import described_by
from core.errors import IdempotencyKeyInProgress, IdempotencyKeyMismatch, PreconditionFailed, StockroomError
from core.settings import Auth

_SCHEMAS = "#/components/schemas/"
_HEADERS = {
    REQUEST_ID: {"description": "Id of the request, in logs and problems too.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "ETag": {"description": "Id and version of the entity.", "schema": {"type": "string"}, "example": '"7-3"'},
    idempotency.REPLAYED: {
        "description": "`true` for a stored response: the request was carried out when the key was sent first.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
_IF_MATCH = "`ETag` that the entity must still have, or several. If it has another one, nothing is changed: 412."
_IF_NONE_MATCH = "`ETag` of the client's copy. If the entity still has it, the response is 304."
_KEY = (
    "Key of this request, such as a random UUID, plain or in quotes. The same request sent again with it changes "
    f"nothing and gets the same response; a different request with it is 422 (`{IdempotencyKeyMismatch.code}`)."
)
KEY_IN_USE = f"{IdempotencyKeyInProgress.title} (`{IdempotencyKeyInProgress.code}`)."
_ETAG_SCHEMAS = {_SCHEMAS + kind.__name__ for kind in ETAG_TYPES}
_ETAG = {"examples": ['"7-3"']}
_PAGE = re.compile(r"\bPageResponse_([A-Z][A-Za-z]+)_(?=\")")
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n     .*)*)", re.MULTILINE)

Responses = dict[int | str, dict[str, Any]]


def problem_responses(*errors: type[StockroomError]) -> Responses:
    """The ``responses`` of an endpoint for these errors; ``StockroomAPI`` adds those that all have."""
    texts: dict[int, list[str]] = {}
    for error in errors:
        texts.setdefault(status_of(error), []).append(f"{error.title} (`{error.code}`)")
    return {status: {"description": "; ".join(text) + "."} for status, text in texts.items()}


class StockroomAPI(FastAPI):
    """FastAPI with a document that describes every response."""

    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            with described_by(field_schema):
                document = self.openapi_schema = _with_schema_names(super().openapi())
            document["components"]["headers"] = _HEADERS
            schemas = document["components"]["schemas"]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            problem = TypeAdapter(Problem).json_schema(ref_template=_SCHEMAS + "{model}", mode="serialization")
            schemas.update(problem.pop("$defs"), Problem=problem)
            for schema in schemas.values():
                _describe_members(schema)
            for path, method, operation in _operations(document):
                _describe_preconditions(path, method, operation)
                _describe_key(path, method, operation)
                if self.state.settings.rate and path not in EXEMPT:
                    operation["responses"].setdefault("429", {"description": "Too many requests (`rate-limited`)."})
                _describe(path, operation)
            if self.state.settings.auth is Auth.REQUIRED:
                describe_security(document, permissions_of(self.routes))
        assert self.openapi_schema is not None  # noqa: S101 - set by FastAPI
        return self.openapi_schema


def _with_schema_names(document: dict[str, Any]) -> dict[str, Any]:
    """The document with ``UserListing`` for ``PageResponse_User_``, and with names as titles, which generators use."""
    renamed: dict[str, Any] = json.loads(_PAGE.sub(r"\1Listing", json.dumps(document)))
    for name, schema in renamed["components"]["schemas"].items():
        schema["title"] = name
    return renamed


def _describe_members(schema: dict[str, Any]) -> None:
    """Move the ``Attributes`` of a class's docstring to the members of its schema."""
    text, _, attributes = schema.get("description", "").partition("\n\nAttributes:\n")
    if text:
        schema["description"] = text
    for name, description in _ATTRIBUTE.findall(attributes):
        schema["properties"].get(name, {})["description"] = " ".join(description.split())


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _describe_preconditions(path: str, method: str, operation: dict[str, Any]) -> None:
    """The tag of a response that is one entity, and the headers of conditional requests."""
    responses = operation["responses"]
    for response in list(responses.values()):
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        if schema.get("$ref") in _ETAG_SCHEMAS:
            response["headers"] = {"ETag": _header("ETag")}
            if method == "get":
                responses["304"] = {"description": "The entity has not changed.", "headers": {"ETag": _header("ETag")}}
                _add_header(operation, "If-None-Match", _IF_NONE_MATCH, _ETAG)
    if "{id}" in path and method != "get":
        responses["412"] = {"description": f"{PreconditionFailed.title} (`{PreconditionFailed.code}`)."}
        _add_header(operation, "If-Match", _IF_MATCH, _ETAG)


def _describe_key(path: str, method: str, operation: dict[str, Any]) -> None:
    """The header with which a request can be sent again without taking effect twice."""
    if not idempotency.applies({method.upper()}, path):
        return
    _add_header(operation, idempotency.HEADER, _KEY, {"pattern": idempotency.PATTERN})
    responses = operation["responses"]
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[idempotency.REPLAYED] = _header(idempotency.REPLAYED)
    conflict = responses.setdefault("409", {"description": ""})
    conflict["description"] = f"{conflict['description']} {KEY_IN_USE}".strip()


def _add_header(operation: dict[str, Any], name: str, description: str, form: dict[str, Any]) -> None:
    schema = {"type": "string", **form}
    parameter = {"name": name, "in": "header", "required": False, "schema": schema, "description": description}
    operation.setdefault("parameters", []).append(parameter)


def _describe(path: str, operation: dict[str, Any]) -> None:
    """Summary from the docstring's first line, responses that follow from the operation's shape, problems."""
    summary, _, rest = operation["description"].partition("\n")
    operation["summary"] = summary.rstrip(".")
    operation["description"] = rest.strip() or summary
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    responses = operation["responses"]
    responses.pop("422", None)
    for status, text in _implied_responses(path, operation):
        responses.setdefault(str(status), {"description": text})
    for status, response in responses.items():
        response.setdefault("headers", {})[REQUEST_ID] = _header(REQUEST_ID)
        if int(status) >= HTTPStatus.BAD_REQUEST:
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + Problem.__name__}}}
        if int(status) in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            response["headers"]["Retry-After"] = _header("Retry-After")
    operation["responses"] = dict(sorted(responses.items()))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of an optional parameter: it can be left out, but a query cannot hold null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return {**schema, "anyOf": kinds} if kinds else schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def _implied_responses(path: str, operation: dict[str, Any]) -> Iterator[tuple[int, str]]:
    yield 403, "The client is not trusted."
    if "{" in path:
        yield 404, "The entity does not exist."
    if "requestBody" in operation:
        yield 408, "The body took too long to arrive."
        yield 413, "The body is too large."
        yield 415, f"The body is not `{next(iter(operation['requestBody']['content']))}`."
    yield 422, "A parameter or the body is not valid."
    if path not in ALWAYS_SERVED:
        yield 503, "The storage does not answer, or too many requests are in progress."
