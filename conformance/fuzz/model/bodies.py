"""Bodies: which fields an object has, and what becomes of those that are left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from conformance.fuzz.model.checks import Check, Faults

REQUIRED: Final = object()


@dataclass(frozen=True)
class Field:
    """One field of a body.

    Attributes:
        check: of a value that is not null.
        default: what it is when left out, or null, in a new object.
        clearable: a change may set it to null.
    """

    check: Check
    default: Any = REQUIRED
    clearable: bool = False


Fields = Mapping[str, Field]


def optional(check: Check) -> Field:
    """A field that may be null."""
    return Field(check, None, clearable=True)


def draft(fields: Fields) -> Check:
    """A whole object: what is left out takes its default."""

    def check(given: Any) -> dict[str, Any]:
        kept, faults = _known(given, fields, _drafted)
        faults += [((name,), "missing") for name, f in fields.items() if f.default is REQUIRED and name not in given]
        if faults:
            raise Faults(faults)
        return {name: field.default for name, field in fields.items()} | kept

    return check


def patch(fields: Fields) -> Check:
    """A part of an object: what is left out stays as it is."""

    def check(given: Any) -> dict[str, Any]:
        kept, faults = _known(given, fields, _patched)
        if faults:
            raise Faults(faults)
        return kept

    return check


def _drafted(field: Field, value: Any) -> Any:
    return field.default if value is None and field.default is not REQUIRED else field.check(value)


def _patched(field: Field, value: Any) -> Any:
    return None if value is None and field.clearable else field.check(value)


def _known(given: Any, fields: Fields, read: Any) -> tuple[dict[str, Any], list[Any]]:
    if not isinstance(given, dict):
        raise Faults.of("object-type")
    kept: dict[str, Any] = {}
    faults: list[Any] = []
    for name, value in given.items():
        if name not in fields:
            faults.append(((name,), "unknown-field"))
            continue
        try:
            kept[name] = read(fields[name], value)
        except Faults as wrong:
            faults += [((name, *path), code) for path, code in wrong.faults]
    return kept, faults
