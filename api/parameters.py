"""What comes in by path and query: kinds of parameter that are checked as strictly as a body.

A query string holds text only, so each kind says which text stands for which value: ``1`` is an integer; ``+1``,
``1.0`` and ``1_0`` are not. A parameter that is left out is None.
"""

import re
from typing import Annotated

from fastapi import Path, Query
from pydantic import BeforeValidator, Field, WithJsonSchema

from core import money
from core.entities.fields import MAX_ID, MAX_QUANTITY, Amount, Text
from core.errors import NotFound
from core.text import clean

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)


def _from_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _INTEGER.fullmatch(value):
        raise ValueError("must be an integer")
    return int(value)


def _flag(value: object) -> object:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


FromText = BeforeValidator(_from_text)

Id = Annotated[int, Field(ge=1, le=MAX_ID), FromText]
PathId = Annotated[Id, Path(description="The id, a positive integer.")]
QueryFlag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
QueryPrice = Annotated[int, Amount(0, money.MAX_PRICE)]
Days = Annotated[int, Field(ge=0, le=36_500), FromText, Query(description="Whole days without a change.")]
Limit = Annotated[int, Field(ge=1, le=100), FromText, Query(description="How many at most.")]
Threshold = Annotated[
    int,
    Field(ge=0, le=MAX_QUANTITY),
    FromText,
    Query(description="Highest stock that is listed, in pieces."),
]
Phrase = Annotated[str, Text(1, 200), Query(description="Text to look for, in any case; no character is a wildcard.")]
Search = Annotated[
    str | None,
    Text(0, 200),
    Query(description="Text to look for, in any case; no character is a wildcard. Empty text does not narrow."),
]


def key(entity: str, value: str) -> str:
    """A name from a path in the form in which it would be stored.

    Raises:
        NotFound: it can never be stored, so nothing has it.
    """
    try:
        return clean(value)
    except ValueError:
        raise NotFound(entity, "a name with characters that no name has") from None
