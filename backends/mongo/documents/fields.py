"""Kinds of field, and what every document has."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from annotated_types import Ge, Le
from beanie import Document

from backends.mongo.driver import IndexModel
from core.entities.fields import MAX_QUANTITY
from core.money import MAX_PRICE, MAX_TOTAL


@dataclass(frozen=True, slots=True)
class Bson:
    """The BSON type of a field, where its Python type leaves a choice."""

    type: str


Price = Annotated[int, Bson("long"), Ge(1), Le(MAX_PRICE)]
Total = Annotated[int, Bson("long"), Ge(0), Le(MAX_TOTAL)]
Stock = Annotated[int, Ge(0), Le(MAX_QUANTITY)]
Quantity = Annotated[int, Ge(1), Le(MAX_QUANTITY)]


class Stored(Document):
    """Anything stored; its id is an integer."""

    id: int  # type: ignore[assignment]


class Recorded(Stored):
    """Anything that changes.

    Attributes:
        holds: how often a unit of work that relied on the document has written to it, which is how it locks it.
    """

    created_at: datetime
    updated_at: datetime
    version: Annotated[int, Ge(1)]
    holds: int = 0


def index(*keys: str) -> IndexModel:
    """An index over keys, ascending; it serves both directions."""
    return IndexModel([(key, 1) for key in keys], name="_".join(keys).replace(".", "_"))


def unique(*keys: str, present: str | None = None) -> IndexModel:
    """A unique index; over documents alone in which ``present`` is a number, where that is given."""
    options = {"partialFilterExpression": {present: {"$type": "number"}}} if present else {}
    name = "_".join(("unique", *keys)).replace(".", "_")
    return IndexModel([(key, 1) for key in keys], name=name, unique=True, **options)
