"""The lines of a request sequence: requests, single or two concurrent ones, with names instead of ids.

``@user1`` is the id of the entity that was created under the name ``user1``, ``@order1.total_amount`` that member of
it, ``@cursor`` the last cursor in a response of the list at the same path. So one sequence fits every storage.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

NOTHING: Final = "<nothing>"
"""The body of a request without one; None is JSON's null."""


@dataclass(frozen=True, slots=True)
class Step:
    """A request.

    Attributes:
        path: percent-encoded, with its query.
        body: JSON, or ``NOTHING``.
        text: the body as it is sent, instead of ``body``.
        names: names of the entities that it creates, in the order of the response.
        wait: milliseconds by which the shop's clock moves before it; may be negative.
    """

    method: str
    path: str
    body: Any = NOTHING
    text: str | None = None
    names: tuple[str, ...] = ()
    wait: int = 0

    def with_names(self, *names: str) -> "Step":
        """The same request, with names for the entities that it creates."""
        return replace(self, names=names)

    def as_json(self) -> dict[str, Any]:
        """The members that differ from their defaults."""
        parts: dict[str, Any] = {"wait": self.wait} if self.wait else {}
        parts |= {"makes": list(self.names)} if self.names else {}
        parts |= {"method": self.method, "path": self.path}
        parts |= {} if self.body is NOTHING else {"body": self.body}
        return parts | ({} if self.text is None else {"text": self.text})

    @classmethod
    def from_json(cls, parts: dict[str, Any]) -> "Step":
        """The inverse of ``as_json``."""
        return cls(
            parts["method"],
            parts["path"],
            parts.get("body", NOTHING),
            parts.get("text"),
            tuple(parts.get("makes", ())),
            parts.get("wait", 0),
        )


Line = tuple[Step, ...]
"""One request, or two concurrent ones; the clock moves by the ``wait`` of the first."""


def serialize(lines: Iterable[Line]) -> str:
    """A sequence as JSON lines."""
    return "".join(f"{json.dumps(_as_json(line), ensure_ascii=True)}\n" for line in lines)


def _as_json(line: Line) -> dict[str, Any]:
    return line[0].as_json() if len(line) == 1 else {"at once": [step.as_json() for step in line]}


def parse(text: str) -> Sequence[Line]:
    """The inverse of ``serialize``."""
    return list(_parse_lines(text))


def _parse_lines(text: str) -> Iterator[Line]:
    for row in text.splitlines():
        parts = json.loads(row)
        yield tuple(Step.from_json(part) for part in parts.get("at once", [parts]))
