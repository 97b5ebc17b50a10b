"""Types of path and query parameters, validated as strictly as the fields of a body.

Parameters are text, so each type says which text stands for which value: ``1`` is an integer; ``+1``, ``1.0`` and
``1_0`` are not. An optional parameter that is left out is None.
"""

import re
from typing import Annotated, NewType

from fastapi import Path, Query
from pydantic import BeforeValidator, Field, WithJsonSchema

from core import money
from core.entities.fields import MAX_ID, MAX_QUANTITY, Amount, Text
from core.errors import NotFound
from core.text import clean

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)


def _strict_int(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not _INTEGER.fullmatch(value):
        raise ValueError("must be an integer")
    return int(value)


def _strict_bool(value: object) -> object:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


StrictInt = BeforeValidator(_strict_int)

Id = Annotated[int, Field(ge=1, le=MAX_ID), StrictInt]
PathId = Annotated[Id, Path(description="The id, a positive integer.")]
UserId = NewType("UserId", int)
UserPathId = Annotated[UserId, Field(ge=1, le=MAX_ID), StrictInt, Path(description="The id, a positive integer.")]
"""The id of a user that the request is about: what ``api.auth.checks.is_own_id`` checks."""
QueryFlag = Annotated[bool, BeforeValidator(_strict_bool), WithJsonSchema({"type": "boolean"})]
QueryPrice = Annotated[int, Amount(0, money.MAX_PRICE)]
Days = Annotated[int, Field(ge=0, le=36_500), StrictInt, Query(description="Whole days without a change.")]
Limit = Annotated[int, Field(ge=1, le=100), StrictInt, Query(description="How many at most.")]
Threshold = Annotated[
    int,
    Field(ge=0, le=MAX_QUANTITY),
    StrictInt,
    Query(description="Highest stock that is listed, in pieces."),
]
SearchText = Annotated[
    str, Text(1, 200), Query(description="Text to look for, in any case; no character is a wildcard.")
]
Search = Annotated[
    str | None,
    Text(0, 200),
    Query(description="Text to look for, in any case; no character is a wildcard. Empty text does not narrow."),
]


def clean_path_name(entity: str, value: str) -> str:
    """A name from a path, cleaned as stored names are.

    Raises:
        NotFound: it could not be stored, so no entity has it.
    """
    try:
        return clean(value)
    except ValueError:
        raise NotFound(entity, "a name with invalid characters") from None
