"""Problem details (RFC 9457): the one mapping from ``core.errors`` and the framework's errors to HTTP.

Not a library's, because those give an error's location without a dotted path and take ``type`` from class names, so
that renaming a class would change the API.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.auth.authentication import InvalidToken
from core.errors import (
    BusinessRuleViolation,
    Conflict,
    Forbidden,
    IdempotencyKeyMismatch,
    InvalidGrant,
    NotFound,
    PoolExhausted,
    PreconditionFailed,
    RetriesExhausted,
    StockroomError,
    StoredResponseTooLarge,
    TooManyAttempts,
    Unauthenticated,
    Unavailable,
    Unsupported,
    ValidationFailed,
)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:stockroom:problem:"

STATUSES: dict[type[StockroomError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    BusinessRuleViolation: 400,
    StoredResponseTooLarge: 413,
    ValidationFailed: 422,
    InvalidGrant: 400,
    TooManyAttempts: 429,
    IdempotencyKeyMismatch: 422,
    Unavailable: 503,
    Unsupported: 501,
}
"""The status of each branch of the tree of errors; everything else is 500, without its message."""

_PHRASES = {413: "Content Too Large"}  # differs between versions of Python; a problem's type must not

_MAX_ERRORS = 100
_MAX_NAME = 100

_READING = frozenset({"GET", "HEAD", "OPTIONS"})

Location = Literal["path", "query", "header", "body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemField:
    """What is wrong with one field.

    Attributes:
        field: dotted path of the field, such as ``items.0.quantity``.
        location: the part of the request it is in; null where it is in none, as with a reference from elsewhere.
        message: a sentence.
        code: a stable word for programs.
    """

    field: str
    location: Location | None
    message: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request was not served (RFC 9457).

    Attributes:
        type: stable name of the kind of problem, such as ``urn:stockroom:problem:insufficient-stock``.
        title: the kind of problem in a few words.
        status: the HTTP status.
        detail: a sentence about this occurrence.
        instance: the request's id, as in the header ``X-Request-ID``.
        errors: the fields with errors, at most a hundred; empty where there are none.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: Sequence[ProblemField]


def status_of(error: type[StockroomError]) -> int:
    """The HTTP status of an error."""
    return next((STATUSES[kind] for kind in error.__mro__ if kind in STATUSES), 500)


def add_exception_handlers(app: FastAPI) -> None:
    """Answer expected errors with problems. ``ObservabilityMiddleware`` answers unexpected ones."""
    app.add_exception_handler(StockroomError, _on_stockroom_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _on_invalid_request)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _on_http_error)  # type: ignore[arg-type]


async def _on_stockroom_error(request: Request, error: StockroomError) -> Response:
    status = status_of(type(error))
    if status == 500:
        raise error
    is_overload = isinstance(error, PoolExhausted | RetriesExhausted)
    if isinstance(error, Unavailable) and not is_overload and request.method not in _READING:
        request.app.state.write_check.record_failure()
    fields = [
        ProblemField(field=e.field, location=_location(request, e.field), message=_sentence(e.message), code=e.code)
        for e in error.errors[:_MAX_ERRORS]
    ]
    detail = _detail(fields) if isinstance(error, ValidationFailed) else error.detail
    return respond(request.scope, status, error.code, error.title, detail, errors=fields, headers=_headers(error))


def _headers(error: StockroomError) -> dict[str, str]:
    if isinstance(error, Unavailable | TooManyAttempts):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, Unauthenticated):  # RFC 6750, section 3
        return {"WWW-Authenticate": 'Bearer error="invalid_token"' if isinstance(error, InvalidToken) else "Bearer"}
    return {}


def _location(request: Request, field: str) -> Location | None:
    if field in request.query_params:
        return "query"
    if field in request.path_params:
        return "path"
    return "body" if "content-type" in request.headers else None


async def _on_http_error(request: Request, error: HTTPException) -> Response:
    return _method_not_allowed(request) or http_problem(request.scope, error.status_code, error.headers)


async def _on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    fields = [_field(e) for e in error.errors()[:_MAX_ERRORS]]
    not_allowed = _method_not_allowed(request)
    return not_allowed or respond(
        request.scope, 422, ValidationFailed.code, ValidationFailed.title, _detail(fields), errors=fields
    )


def _detail(fields: Sequence[ProblemField]) -> str:
    if len(fields) == 1:
        return f"{fields[0].field}: {fields[0].message}"
    return f"{len(fields)} fields are not valid."


def _method_not_allowed(request: Request) -> Response | None:
    """405 where the path allows other methods only: the framework may have read ``/users/search`` as an id."""
    allowed: list[str] = request.app.state.methods.allowed(request.scope["path"])
    if not allowed or request.method in allowed:
        return None
    return http_problem(request.scope, 405, {"Allow": ", ".join(allowed)})


def _field(error: Mapping[str, Any]) -> ProblemField:
    location, *path = error["loc"]
    message, code = _message_and_code(error)
    if code == "malformed":
        path = []
    field = ".".join(str(part)[:_MAX_NAME] for part in path) or location
    return ProblemField(field=field, location=location, message=_sentence(message), code=code)


def _message_and_code(error: Mapping[str, Any]) -> tuple[str, str]:
    """Message and code of a validation error, without any value that the client sent."""
    match error["type"]:
        case "json_invalid":
            return str(error["ctx"]["error"]), "malformed"
        case "unexpected_keyword_argument" | "extra_forbidden":
            return "is not known", "unknown-field"
        case "missing" | "missing_keyword_only_argument" | "missing_argument":
            return "is required", "missing"
        case "dataclass_type" | "dict_type":
            return "must be an object", "object-type"
        case "value_error":
            return str(error["ctx"]["error"]), "invalid"
        case kind:
            return str(error["msg"]), str(kind).replace("_", "-")


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:].removesuffix('.')}."


def http_problem(scope: Mapping[str, Any], status: int, headers: Mapping[str, str] | None = None) -> Response:
    """A problem that says no more than its HTTP status."""
    known = HTTPStatus(status)
    phrase = _PHRASES.get(status, known.phrase)
    detail = phrase if status in _PHRASES else known.description or phrase
    return respond(scope, status, phrase.lower().replace(" ", "-"), phrase, f"{detail}.", headers=headers)


def internal_error(scope: Mapping[str, Any]) -> Response:
    """The response to an unexpected error, which reveals nothing about it."""
    detail = "The server failed to serve this request. Its log has the details under the id in instance."
    return respond(scope, 500, StockroomError.code, StockroomError.title, detail)


def shutting_down(scope: Mapping[str, Any]) -> Response:
    """The response to a request that was cancelled, because the server ends."""
    detail = "The server is shutting down. Try again later."
    return respond(scope, 503, "shutting-down", "Server is shutting down", detail, headers={"Retry-After": "1"})


def respond(  # noqa: PLR0913 - the members of a problem
    scope: Mapping[str, Any],
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[ProblemField] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response, with ``more`` members that another standard requires.

    Written in ASCII, so that even a lone surrogate in a field's name can be sent.
    """
    instance = scope.get("state", {}).get("request_id", "")
    problem = Problem(
        type=TYPE_PREFIX + code, title=title, status=status, detail=detail, instance=instance, errors=errors
    )
    return Response(json.dumps({**asdict(problem), **(more or {})}), status, dict(headers or {}), MEDIA_TYPE)
