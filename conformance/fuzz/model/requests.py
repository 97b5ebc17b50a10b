"""Requests: path, query and body, each validated before any data is read."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from conformance.fuzz.model.checks import Check, ValidationErrors, integer
from conformance.fuzz.model.responses import Response, invalid
from conformance.fuzz.model.values import MAX_ID

if TYPE_CHECKING:
    from conformance.fuzz.model.shop import ShopModel

MANDATORY: Final = object()


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it is sent.

    Attributes:
        path: without a slash at its end, percent-decoded.
        query: names and values, in order.
        content: the text of its body; None for no body.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: the check of its text, and its default."""

    check: Check
    default: Any = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose parts are valid.

    Attributes:
        path: parameters of the path; ids are integers.
        query: parameters of the query, with defaults for omitted ones.
        body: as the endpoint's check returned it.
        raw: the request as it was sent.
    """

    path: dict[str, Any]
    query: dict[str, Any]
    body: Any
    raw: RawRequest

    @property
    def id(self) -> int:
        """The id in the path."""
        key: int = self.path["id"]
        return key

    def location_of(self, name: str) -> str | None:
        """The part of the request that contains a field."""
        if name in dict(self.raw.query):
            return "query"
        if name in self.path:
            return "path"
        return None if self.raw.content is None else "body"


Handler = Callable[["ShopModel", Request], Response]


@dataclass(frozen=True)
class Route:
    """An endpoint of the shop."""

    method: str
    template: str
    handle: Handler
    body: Check | None = None
    query: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of its paths."""
        return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.template))

    def parse(self, raw: RawRequest, path: Mapping[str, str]) -> Request | Response:
        """The parts of a request, or the problem if one is invalid."""
        if error := _parameter_errors(raw, self.query):
            return invalid(error)
        try:
            content = None if not raw.content or self.body is None else json.loads(raw.content)
        except ValueError:
            return invalid([("body", "body", "malformed")])
        errors: list[tuple[str, str, str]] = []
        parts = _parse_values("path", path, {name: _PATHS.get(name, _ANY) for name in path}, errors)
        query = _parse_values("query", dict(raw.query), self.query, errors)
        body = None
        if self.body is not None:
            body = _parse_body(raw, content, self.body, errors)
        return invalid(errors) if errors else Request(parts, query, body, raw)


def _parameter_errors(raw: RawRequest, known: Mapping[str, Parameter]) -> list[tuple[str, str, str]]:
    counted = Counter(name for name, _ in raw.query)
    unknown = [(name, "query", "unknown-parameter") for name in counted if name not in known]
    return unknown + [(name, "query", "repeated") for name, count in counted.items() if name in known and count > 1]


def _parse_values(
    place: str, request: Mapping[str, str], known: Mapping[str, Parameter], errors: list[Any]
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, parameter in known.items():
        if name not in request:
            kept[name] = parameter.default
            if parameter.default is MANDATORY:
                errors.append((name, place, "missing"))
            continue
        try:
            kept[name] = parameter.check(request[name])
        except ValidationErrors as error:
            errors += [(name, place, code) for _, code in error.errors]
    return kept


def _parse_body(raw: RawRequest, content: Any, check: Check, errors: list[Any]) -> Any:
    if not raw.content:
        errors.append(("body", "body", "missing"))
        return None
    try:
        return check(content)
    except ValidationErrors as error:
        errors += [(".".join(map(str, path)) or "body", "body", code) for path, code in error.errors]
        return None


def integer_text(low: int, high: int) -> Check:
    """The check of an integer in digits."""
    bounded = integer(low, high)

    def check(value: str) -> int:
        if not re.fullmatch(r"0|-?[1-9][0-9]{0,18}", value):
            raise ValidationErrors.of("invalid")
        kept: int = bounded(int(value))
        return kept

    return check


def boolean_text(value: str) -> bool:
    """The value of ``true`` or ``false``."""
    if value not in ("true", "false"):
        raise ValidationErrors.of("invalid")
    return value == "true"


_PATHS = {"id": Parameter(integer_text(1, MAX_ID)), "user_id": Parameter(integer_text(1, MAX_ID))}
_ANY = Parameter(lambda value: value)
