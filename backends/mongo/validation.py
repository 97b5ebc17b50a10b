"""The ``$jsonSchema`` of a document, derived from its fields, and what a database has instead."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, Len
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from backends.mongo.documents import DOCUMENTS, Stored
from backends.mongo.documents.fields import Bson

_TYPES: Mapping[Any, Any] = {int: ["int", "long"], str: "string", bool: "bool", datetime: "date"}
_NOT_STORED = {"revision_id"}

Rule = dict[str, Any]


def validator(document: type[BaseModel]) -> Rule:
    """What is valid in a document: every field, nothing else."""
    fields = {name: field for name, field in document.model_fields.items() if name not in _NOT_STORED}
    names = {name: "_id" if name == "id" and issubclass(document, Stored) else name for name in fields}
    return {
        "bsonType": "object",
        "additionalProperties": False,
        "required": sorted(names[name] for name, field in fields.items() if field.is_required()),
        "properties": {names[name]: _field(field) for name, field in fields.items()},
    }


def _field(field: FieldInfo) -> Rule:
    rule = _type(field.annotation)
    for constraint in field.metadata:
        rule |= _constraint(constraint)
    return rule


def _constraint(constraint: object) -> Rule:
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


def _type(annotation: Any) -> Rule:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        rule = _type(arguments[0])
        for constraint in arguments[1:]:
            rule |= _constraint(constraint)
        return rule
    if origin in (Union, UnionType):
        [inner] = [argument for argument in arguments if argument is not NoneType]
        rule = _type(inner)
        types = rule["bsonType"] if isinstance(rule["bsonType"], list) else [rule["bsonType"]]
        return rule | {"bsonType": [*types, "null"]}
    if origin is list:
        return {"bsonType": "array", "items": _type(arguments[0])}
    if origin is Literal:
        return {"bsonType": "string", "enum": list(arguments)}
    return _class(annotation)


def _class(annotation: type) -> Rule:
    if issubclass(annotation, StrEnum):
        return {"bsonType": "string", "enum": [member.value for member in annotation]}
    if issubclass(annotation, BaseModel):
        return validator(annotation)
    return {"bsonType": _TYPES[annotation]}


def indexes(document: type[Stored]) -> dict[str, Rule]:
    """The declared indexes by name, as the server lists them."""
    declared = getattr(document.Settings, "indexes", [])
    listed = {}
    for model in declared:
        options = dict(model.document)
        name = options.pop("name")
        listed[name] = options | {"key": dict(options["key"])}
    return listed


def drift(found: Mapping[str, tuple[Rule | None, Mapping[str, Rule]]]) -> list[str]:
    """How a database differs from what is declared, in words; nothing where it does not.

    Args:
        found: by collection, its ``$jsonSchema`` (None: it cannot have one) and its indexes by name.
    """
    differences = []
    for document in DOCUMENTS:
        name: str = document.Settings.name
        if name not in found:
            differences.append(f"{name}: missing")
            continue
        rule, listed = found[name]
        if rule is not None and rule != validator(document):
            differences.append(f"{name}: its validator differs")
        declared = indexes(document)
        differences += [f"{name}: index {key} is missing" for key in declared.keys() - listed.keys()]
        differences += [f"{name}: index {key} is unknown" for key in listed.keys() - declared.keys()]
        both = declared.keys() & listed.keys()
        differences += [f"{name}: index {key} differs" for key in both if declared[key] != listed[key]]
    return sorted(differences)
