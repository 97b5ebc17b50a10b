"""Request bodies: their fields, and the defaults of omitted ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from conformance.fuzz.model.checks import Check, ValidationErrors

REQUIRED: Final = object()


@dataclass(frozen=True)
class Field:
    """A field of a body.

    Attributes:
        check: for a value that is not null.
        default: for a new object in which it is omitted or null.
        clearable: whether a change may set it to null.
    """

    check: Check
    default: Any = REQUIRED
    clearable: bool = False


Fields = Mapping[str, Field]


def optional(check: Check) -> Field:
    """A field that may be null."""
    return Field(check, None, clearable=True)


def draft(fields: Fields) -> Check:
    """The check of a new object: omitted fields take their defaults."""

    def check(request: Any) -> dict[str, Any]:
        kept, errors = _check_fields(request, fields, _draft_value)
        errors += [((name,), "missing") for name, f in fields.items() if f.default is REQUIRED and name not in request]
        if errors:
            raise ValidationErrors(errors)
        return {name: field.default for name, field in fields.items()} | kept

    return check


def patch(fields: Fields) -> Check:
    """The check of a partial object: omitted fields stay unchanged."""

    def check(request: Any) -> dict[str, Any]:
        kept, errors = _check_fields(request, fields, _patch_value)
        if errors:
            raise ValidationErrors(errors)
        return kept

    return check


def _draft_value(field: Field, value: Any) -> Any:
    return field.default if value is None and field.default is not REQUIRED else field.check(value)


def _patch_value(field: Field, value: Any) -> Any:
    return None if value is None and field.clearable else field.check(value)


def _check_fields(request: Any, fields: Fields, read: Any) -> tuple[dict[str, Any], list[Any]]:
    if not isinstance(request, dict):
        raise ValidationErrors.of("object-type")
    kept: dict[str, Any] = {}
    errors: list[Any] = []
    for name, value in request.items():
        if name not in fields:
            errors.append(((name,), "unknown-field"))
            continue
        try:
            kept[name] = read(fields[name], value)
        except ValidationErrors as error:
            errors += [((name, *path), code) for path, code in error.errors]
    return kept, errors
