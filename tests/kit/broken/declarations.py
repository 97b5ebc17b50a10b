"""Backends that declare something else than they do, one axis each: more, less, or another value."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from core.plugins import hookimpl
from core.storage import CAPABILITY_INFO, Backend, Capabilities
from tests.kit.broken.backend import BrokenBackend
from tests.kit.broken.defect import Defect

Lie = Callable[[Any], Any]
"""What is declared in place of the truth."""


def told(axis: str, lie: Lie, name: str) -> type[Defect]:
    """A backend without any defect but that it says ``lie`` of one axis."""

    def capabilities(_: type[Defect], sound: Capabilities) -> Capabilities:
        return replace(sound, **{axis: lie(getattr(sound, axis))})

    return type(name, (Defect,), {"capabilities": classmethod(capabilities)})


NUMBERS: dict[str, list[Lie]] = {
    "max_writers": [lambda limit: None, lambda limit: limit + 1],
    "id_block": [lambda block: 2 * block],
}

LIES: dict[str, list[type[Defect]]] = {
    axis: [
        told(axis, lie, f"{axis.replace('_', '')}{number}")
        for number, lie in enumerate(NUMBERS.get(axis, [lambda declared: not declared]))
    ]
    for axis in CAPABILITY_INFO
    if not CAPABILITY_INFO[axis].mandatory
}
"""False declarations, by axis."""


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """One for each."""
    return [BrokenBackend(lie) for lies in LIES.values() for lie in lies]
