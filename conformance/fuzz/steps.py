"""The lines of a conversation: requests, alone or two at once, in which things are called by name rather than by id.

``@user1`` stands for the id of what was made under the name ``user1``, ``@order1.total_amount`` for that member of it,
``@cursor`` for the last cursor that the list at the same path answered. So one conversation fits every storage.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

NOTHING: Final = "<nothing>"
"""The body of a request that has none; as JSON could be anything else, null included."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    Attributes:
        path: percent-encoded, with its query.
        body: JSON, ``NOTHING``, or, in ``text``, what is sent as it stands.
        names: of what it makes, in the order of the answer.
        wait: milliseconds by which the shop's clock moves before it; may be below zero.
    """

    method: str
    path: str
    body: Any = NOTHING
    text: str | None = None
    names: tuple[str, ...] = ()
    wait: int = 0

    def named(self, *names: str) -> "Step":
        """The same request, with names for what it makes."""
        return replace(self, names=names)

    def as_json(self) -> dict[str, Any]:
        """What differs from the defaults."""
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
"""One request, or two at once; the clock moves by the ``wait`` of the first."""


def written(lines: Iterable[Line]) -> str:
    """A conversation as JSON lines."""
    return "".join(f"{json.dumps(_as_json(line), ensure_ascii=True)}\n" for line in lines)


def _as_json(line: Line) -> dict[str, Any]:
    return line[0].as_json() if len(line) == 1 else {"at once": [step.as_json() for step in line]}


def read(text: str) -> Sequence[Line]:
    """The inverse of ``written``."""
    return list(_lines(text))


def _lines(text: str) -> Iterator[Line]:
    for row in text.splitlines():
        parts = json.loads(row)
        yield tuple(Step.from_json(part) for part in parts.get("at once", [parts]))
