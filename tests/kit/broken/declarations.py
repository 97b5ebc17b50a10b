"""Backends with one false declaration each: more, less, or another value than the truth."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from core.plugins import hookimpl
from core.storage import CAPABILITY_INFO, Backend, Capabilities
from tests.kit.broken.backend import BrokenBackend
from tests.kit.broken.defect import Defect

FalseValue = Callable[[Any], Any]
"""The declared value, from the true one."""


def declare(capability: str, value: FalseValue, name: str) -> type[Defect]:
    """A sound backend with a false value for one capability."""

    def capabilities(_: type[Defect], sound: Capabilities) -> Capabilities:
        return replace(sound, **{capability: value(getattr(sound, capability))})

    return type(name, (Defect,), {"capabilities": classmethod(capabilities)})


NUMBERS: dict[str, list[FalseValue]] = {
    "max_writers": [lambda limit: None, lambda limit: limit + 1],
    "id_block": [lambda block: 2 * block],
}

FALSE_DECLARATIONS: dict[str, list[type[Defect]]] = {
    capability: [
        declare(capability, value, f"{capability.replace('_', '')}{number}")
        for number, value in enumerate(NUMBERS.get(capability, [lambda declared: not declared]))
    ]
    for capability in CAPABILITY_INFO
    if not CAPABILITY_INFO[capability].mandatory
}
"""False declarations, by capability."""


@hookimpl
def stockroom_backends() -> Sequence[Backend]:
    """A backend for each false declaration."""
    return [BrokenBackend(each) for declarations in FALSE_DECLARATIONS.values() for each in declarations]
