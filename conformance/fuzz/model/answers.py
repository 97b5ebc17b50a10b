"""Answers: what they are, the problems among them, and how two of them differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

CURSOR: Final = object()
"""Stands for a cursor in an answer: any text will do."""

LATER = 2**60
"""From here on, ids stand for those that a storage has chosen but not told yet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered.

    Attributes:
        status: of HTTP.
        body: as JSON; None where there is none. A problem has no ``instance``.
        worded: the words of a problem count too. Those about invalid values are not foretold.
    """

    status: int
    body: Any = None
    worded: bool = True


class Refusal(Exception):
    """Ends the serving of a request with a problem.

    ``fields`` are field, sentence and code of each of its errors.
    """

    def __init__(
        self, status: int, code: str, title: str, detail: str, fields: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.head = {"type": f"urn:stockroom:problem:{code}", "title": title, "status": status, "detail": detail}
        self.fields = fields


def not_found(entity: str, key: object) -> Refusal:
    """The path names nothing."""
    return Refusal(404, "not-found", "Not found", f"There is no such {entity}: {str(key)[:80]}.")


def duplicate(fields: Iterable[str]) -> Refusal:
    """Values are taken."""
    named = list(fields)
    errors = [(field, "This value is already taken.", "duplicate") for field in named]
    return Refusal(409, "duplicate", "Duplicate value", f"Already taken: {', '.join(named)}.", errors)


def referenced(entity: str, by: str) -> Refusal:
    """Something refers to what was to be deleted."""
    detail = f"The {entity} cannot be deleted while {by} refer to it."
    return Refusal(
        409, "referenced", "Still referenced", detail, [(by, f"Still refers to the {entity}.", "referenced")]
    )


def unknown_reference(fields: Iterable[str]) -> Refusal:
    """Fields refer to nothing."""
    named = list(fields)
    sentence = "Refers to something that does not exist"
    errors = [(field, f"{sentence}.", "unknown-reference") for field in named]
    return Refusal(400, "unknown-reference", "Unknown reference", f"{sentence}: {', '.join(named)}.", errors)


def invalid(faults: Iterable[tuple[str, str, str]]) -> Answer:
    """The problem of invalid values: field, location and code of each."""
    return Answer(422, {"type": "urn:stockroom:problem:validation-failed", "errors": sorted(faults)}, worded=False)


def difference(foretold: Answer, status: int, body: Any) -> str | None:
    """Where an answer first differs from what was foretold, in words; None where it does not."""
    if status != foretold.status:
        return f"status {status}, not {foretold.status}; the answer {body!r}, not {foretold.body!r}"
    if not foretold.worded:
        found = sorted((e["field"], e["location"], e["code"]) for e in body["errors"])
        body = {"type": body["type"], "errors": found}
    elif status >= 400:
        body = {name: value for name, value in body.items() if name != "instance"}
    return _difference(foretold.body, body, "the answer")


def _difference(foretold: Any, found: Any, place: str) -> str | None:
    if foretold is CURSOR:
        return None if isinstance(found, str) else f"{place} is {found!r}, not a cursor"
    if isinstance(foretold, dict) and isinstance(found, dict):
        if foretold.keys() != found.keys():
            return f"{place} has {', '.join(found)}, not {', '.join(foretold)}"
        return _first(_difference(foretold[name], found[name], f"{place}.{name}") for name in foretold)
    if isinstance(foretold, list) and isinstance(found, list) and len(foretold) == len(found):
        return _first(_difference(*pair, f"{place}[{n}]") for n, pair in enumerate(zip(foretold, found, strict=True)))
    if type(foretold) is type(found) and foretold == found:
        return None
    expected = "a new id" if isinstance(foretold, int) and foretold >= LATER else repr(foretold)
    return f"{place} is {found!r}, not {expected}"


def _first(differences: Iterable[str | None]) -> str | None:
    return next((one for one in differences if one), None)
