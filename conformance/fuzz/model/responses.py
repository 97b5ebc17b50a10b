"""Responses, the problems among them, and the difference between two of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

ANY_CURSOR: Final = object()
"""Stands for a cursor in a response, which may be any text."""

FIRST_PLACEHOLDER_ID = 2**60
"""Ids from here on are placeholders for ids that a storage has chosen but not shown yet."""


@dataclass(frozen=True, slots=True)
class Response:
    """The expected response to a request.

    Attributes:
        status: the HTTP status.
        body: JSON; None for no body. A problem has no ``instance``.
        has_exact_messages: whether the messages of a problem must be equal; those about invalid values need not be.
    """

    status: int
    body: Any = None
    has_exact_messages: bool = True


class Problem(Exception):
    """Raised to respond with a problem.

    ``fields`` are field, message and code of each of its errors.
    """

    def __init__(
        self, status: int, code: str, title: str, detail: str, fields: Sequence[tuple[str, str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.head = {"type": f"urn:stockroom:problem:{code}", "title": title, "status": status, "detail": detail}
        self.fields = fields


def not_found(entity: str, key: object) -> Problem:
    """The problem of a path to an unknown entity."""
    return Problem(404, "not-found", "Not found", f"There is no such {entity}: {str(key)[:80]}.")


def duplicate(fields: Iterable[str]) -> Problem:
    """The problem of values that are taken."""
    names = list(fields)
    errors = [(field, "This value is already taken.", "duplicate") for field in names]
    return Problem(409, "duplicate", "Duplicate value", f"Already taken: {', '.join(names)}.", errors)


def referenced(entity: str, by: str, detail: str = "") -> Problem:
    """The problem of deleting an entity that others refer to."""
    detail = detail or f"The {entity} cannot be deleted while {by} refer to it."
    return Problem(
        409, "referenced", "Still referenced", detail, [(by, f"Still refers to the {entity}.", "referenced")]
    )


def unknown_reference(fields: Iterable[str]) -> Problem:
    """The problem of fields that refer to unknown entities."""
    names = list(fields)
    sentence = "Refers to something that does not exist"
    errors = [(field, f"{sentence}.", "unknown-reference") for field in names]
    return Problem(400, "unknown-reference", "Unknown reference", f"{sentence}: {', '.join(names)}.", errors)


def invalid(errors: Iterable[tuple[str, str, str]]) -> Response:
    """The problem of invalid values, from field, location and code of each."""
    return Response(
        422, {"type": "urn:stockroom:problem:validation-failed", "errors": sorted(errors)}, has_exact_messages=False
    )


def find_difference(expected: Response, status: int, body: Any) -> str | None:
    """The first difference between a response and the expected one, as text; None if there is none."""
    if status != expected.status:
        return f"status {status}, not {expected.status}; the body {body!r}, not {expected.body!r}"
    if not expected.has_exact_messages:
        found = sorted((e["field"], e["location"], e["code"]) for e in body["errors"])
        body = {"type": body["type"], "errors": found}
    elif status >= 400:
        body = {name: value for name, value in body.items() if name != "instance"}
    return _difference(expected.body, body, "the body")


def _difference(expected: Any, found: Any, place: str) -> str | None:
    if expected is ANY_CURSOR:
        return None if isinstance(found, str) else f"{place} is {found!r}, not a cursor"
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            return f"{place} has {', '.join(found)}, not {', '.join(expected)}"
        return _first(_difference(expected[name], found[name], f"{place}.{name}") for name in expected)
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return _first(_difference(*pair, f"{place}[{n}]") for n, pair in enumerate(zip(expected, found, strict=True)))
    if type(expected) is type(found) and expected == found:
        return None
    is_placeholder = isinstance(expected, int) and expected >= FIRST_PLACEHOLDER_ID
    return f"{place} is {found!r}, not {'a new id' if is_placeholder else repr(expected)}"


def _first(differences: Iterable[str | None]) -> str | None:
    return next((one for one in differences if one), None)
