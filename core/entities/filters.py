"""How a list is narrowed: each field of a filter is a condition, an equality unless its annotation says otherwise."""

from dataclasses import dataclass, fields
from enum import Enum
from typing import Annotated, Any, get_args, get_origin, get_type_hints


class Operator(Enum):
    """How a condition compares."""

    EQUAL = "="
    AT_LEAST = ">="
    AT_MOST = "<="
    LINKED_ID = "linked to the entity with this id"
    LINKED_NAME = "linked to the entity with this name, compared folded"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Compare:
    """The annotation of a filter's field that is no equality: the operator, and the entity's field."""

    operator: Operator
    field: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What a field of a filter means: None does not narrow.

    Attributes:
        name: of the filter's field.
        operator: how it compares.
        field: of the entity; for a link, the field that shows it.
    """

    name: str
    operator: Operator
    field: str


Search = Annotated[str | None, Compare(Operator.SEARCH, "")]
"""A user's text, not yet folded, looked for in the entity's searched fields."""


def conditions_of(filter: type[Any]) -> tuple[Condition, ...]:
    """The conditions of a filter's fields, in their order."""
    hints = get_type_hints(filter, include_extras=True)
    return tuple(_condition(one.name, hints[one.name]) for one in fields(filter))


def _condition(name: str, hint: Any) -> Condition:
    metadata = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    for compare in metadata:
        if isinstance(compare, Compare):
            return Condition(name, compare.operator, compare.field)
    return Condition(name, Operator.EQUAL, name)


def values_of(filter: object, conditions: tuple[Condition, ...]) -> dict[Condition, Any]:
    """The conditions that narrow, each with its value."""
    given = {condition: getattr(filter, condition.name) for condition in conditions}
    return {condition: value for condition, value in given.items() if value is not None}
