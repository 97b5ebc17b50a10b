"""Parts of a ``$jsonSchema``. Released steps use them: add to them, change none."""

from collections.abc import Mapping
from typing import Any

Rule = dict[str, Any]

TEXT: Rule = {"bsonType": "string"}
OPTIONAL_TEXT: Rule = {"bsonType": ["string", "null"]}
FLAG: Rule = {"bsonType": "bool"}
TIME: Rule = {"bsonType": "date"}
OPTIONAL_TIME: Rule = {"bsonType": ["date", "null"]}
INTEGER: Rule = {"bsonType": ["int", "long"]}
OPTIONAL_INTEGER: Rule = {"bsonType": ["int", "long", "null"]}


def integer(low: int, high: int | None = None) -> Rule:
    """An integer from ``low`` to ``high``."""
    return INTEGER | {"minimum": low} | ({} if high is None else {"maximum": high})


def money(low: int, high: int) -> Rule:
    """Minor units, as 64 bits."""
    return {"bsonType": "long", "minimum": low, "maximum": high}


def one_of(*values: str) -> Rule:
    """One of these texts."""
    return TEXT | {"enum": list(values)}


def list_of(items: Rule, **bounds: int) -> Rule:
    """A list, with ``bounds`` such as ``minItems``."""
    return {"bsonType": "array", "items": items} | bounds


def closed(fields: Mapping[str, Rule], optional: tuple[str, ...] = ()) -> Rule:
    """These fields and no others, all of them required but the ``optional`` ones."""
    required = sorted(name for name in fields if name not in optional)
    return {"bsonType": "object", "additionalProperties": False, "required": required, "properties": dict(fields)}


def record(fields: Mapping[str, Rule], optional: tuple[str, ...] = ()) -> Rule:
    """A versioned document: its id, times, version and count of locks (``holds``), and these fields."""
    common = {"_id": INTEGER, "created_at": TIME, "updated_at": TIME, "version": integer(1), "holds": INTEGER}
    return closed({**common, **fields}, ("holds", *optional))
