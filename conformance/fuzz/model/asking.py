"""Requests as the shop reads them: path, query and body, each checked before anything is looked up."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from conformance.fuzz.model.answers import Answer, invalid
from conformance.fuzz.model.checks import Check, Faults, whole
from conformance.fuzz.model.values import MAX_ID

if TYPE_CHECKING:
    from conformance.fuzz.model.shop import Shop

MANDATORY: Final = object()


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as it is sent.

    Attributes:
        path: without a slash at its end, percent-decoded.
        query: names and values as they stand.
        content: the text of its body; None where there is none.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query: how its text is checked, and what it is when left out."""

    check: Check
    default: Any = None


@dataclass(frozen=True, slots=True)
class Given:
    """A request whose parts are valid.

    Attributes:
        path: parameters of the path; ids are integers.
        query: parameters of the query, those left out included.
        body: as the endpoint's check returned it.
        ask: the request itself.
    """

    path: dict[str, Any]
    query: dict[str, Any]
    body: Any
    ask: Ask

    @property
    def id(self) -> int:
        """The id in the path."""
        key: int = self.path["id"]
        return key

    def place_of(self, name: str) -> str | None:
        """The part of the request in which a field is looked for."""
        if name in dict(self.ask.query):
            return "query"
        if name in self.path:
            return "path"
        return None if self.ask.content is None else "body"


Serve = Callable[["Shop", Given], Answer]


@dataclass(frozen=True)
class Route:
    """An endpoint of the shop."""

    method: str
    template: str
    serve: Serve
    body: Check | None = None
    query: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def pattern(self) -> re.Pattern[str]:
        """What its paths look like."""
        return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.template))

    def read(self, ask: Ask, path: Mapping[str, str]) -> Given | Answer:
        """The parts of a request; the problem instead where any is not valid."""
        if wrong := _misnamed(ask, self.query):
            return invalid(wrong)
        try:
            content = None if not ask.content or self.body is None else json.loads(ask.content)
        except ValueError:
            return invalid([("body", "body", "malformed")])
        faults: list[tuple[str, str, str]] = []
        parts = _collect("path", path, {name: _PATHS.get(name, _ANY) for name in path}, faults)
        query = _collect("query", dict(ask.query), self.query, faults)
        body = None
        if self.body is not None:
            body = _body(ask, content, self.body, faults)
        return invalid(faults) if faults else Given(parts, query, body, ask)


def _misnamed(ask: Ask, known: Mapping[str, Parameter]) -> list[tuple[str, str, str]]:
    counted = Counter(name for name, _ in ask.query)
    unknown = [(name, "query", "unknown-parameter") for name in counted if name not in known]
    return unknown + [(name, "query", "repeated") for name, count in counted.items() if name in known and count > 1]


def _collect(place: str, given: Mapping[str, str], known: Mapping[str, Parameter], faults: list[Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, parameter in known.items():
        if name not in given:
            kept[name] = parameter.default
            if parameter.default is MANDATORY:
                faults.append((name, place, "missing"))
            continue
        try:
            kept[name] = parameter.check(given[name])
        except Faults as wrong:
            faults += [(name, place, code) for _, code in wrong.faults]
    return kept


def _body(ask: Ask, content: Any, check: Check, faults: list[Any]) -> Any:
    if not ask.content:
        faults.append(("body", "body", "missing"))
        return None
    try:
        return check(content)
    except Faults as wrong:
        faults += [(".".join(map(str, path)) or "body", "body", code) for path, code in wrong.faults]
        return None


def number(low: int, high: int) -> Check:
    """An integer in digits."""
    bounded = whole(low, high)

    def check(value: str) -> int:
        if not re.fullmatch(r"0|-?[1-9][0-9]{0,18}", value):
            raise Faults.of("invalid")
        kept: int = bounded(int(value))
        return kept

    return check


def truth(value: str) -> bool:
    """``true`` or ``false``."""
    if value not in ("true", "false"):
        raise Faults.of("invalid")
    return value == "true"


_PATHS = {"id": Parameter(number(1, MAX_ID)), "user_id": Parameter(number(1, MAX_ID))}
_ANY = Parameter(lambda value: value)
