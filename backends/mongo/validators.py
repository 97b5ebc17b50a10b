"""The ``$jsonSchema`` validator of a document, derived from its fields."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, Len
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from backends.mongo.documents import BaseDocument, Bson

_TYPES: Mapping[Any, Any] = {int: ["int", "long"], str: "string", bool: "bool", datetime: "date"}
_NOT_STORED = {"revision_id"}

Rule = dict[str, Any]


def derive_validator(document: type[BaseModel]) -> Rule:
    """The rule that a document has every field, valid, and no other."""
    fields = {name: field for name, field in document.model_fields.items() if name not in _NOT_STORED}
    names = {name: "_id" if name == "id" and issubclass(document, BaseDocument) else name for name in fields}
    return {
        "bsonType": "object",
        "additionalProperties": False,
        "required": sorted(names[name] for name, field in fields.items() if field.is_required()),
        "properties": {names[name]: _field_rule(field) for name, field in fields.items()},
    }


def _field_rule(field: FieldInfo) -> Rule:
    rule = _type_rule(field.annotation)
    for constraint in field.metadata:
        rule |= _constraint_rule(constraint)
    return rule


def _constraint_rule(constraint: object) -> Rule:
    match constraint:
        case Bson(type=name):
            return {"bsonType": name}
        case Ge(ge=low):
            return {"minimum": low}
        case Le(le=high):
            return {"maximum": high}
        case Len(min_length=length):
            return {"minItems": length}
    raise TypeError(f"no rule for {constraint!r}")


def _type_rule(annotation: Any) -> Rule:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        rule = _type_rule(arguments[0])
        for constraint in arguments[1:]:
            rule |= _constraint_rule(constraint)
        return rule
    if origin in (Union, UnionType):
        [inner] = [argument for argument in arguments if argument is not NoneType]
        rule = _type_rule(inner)
        types = rule["bsonType"] if isinstance(rule["bsonType"], list) else [rule["bsonType"]]
        return rule | {"bsonType": [*types, "null"]}
    if origin is list:
        return {"bsonType": "array", "items": _type_rule(arguments[0])}
    if origin is Literal:
        return {"bsonType": "string", "enum": list(arguments)}
    return _class_rule(annotation)


def _class_rule(annotation: type) -> Rule:
    if issubclass(annotation, StrEnum):
        return {"bsonType": "string", "enum": [member.value for member in annotation]}
    if issubclass(annotation, BaseModel):
        return derive_validator(annotation)
    return {"bsonType": _TYPES[annotation]}
