"""The same unwelcome questions to every operation of the API document, so that none can be forgotten."""

import re
from collections.abc import Iterator
from typing import Any

from conformance.suite.transcript.story import Step

UNKNOWN = {
    "{id}": "99999",
    "{user_id}": "99999",
    "{email}": "nobody@example.com",
    "{sku}": "NO-1",
    "{slug}": "nowhere",
}
BAD = {"{id}": ["x", "0", "9007199254740992"], "{user_id}": ["-1"]}

# Bodies that would be fine, for operations on something that does not exist.
FINE: dict[str, Any] = {
    "PUT /users/{id}": {"username": "fine", "email": "fine@example.com"},
    "PUT /categories/{id}": {"name": "Fine"},
    "PUT /products/{id}": {"name": "Fine", "price": 1, "sku": "FINE"},
    "PUT /posts/{id}": {"title": "Fine", "content": "Fine.", "author_id": "@user2"},
    "PUT /tags/{id}": {"name": "Fine"},
    "POST /products/{id}/stock": {"quantity_change": 1},
    "POST /orders/{id}/payments": {"amount": 1, "method": "card"},
    "POST /accounts/{id}/deposit": {"amount": 1},
}


def refusals(document: dict[str, Any]) -> Iterator[Step]:
    """For each operation: unknown and impossible keys, an unknown parameter, bodies that are none."""
    for template, methods in document["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {template}"
            needed = "?new_status=confirmed" if template.endswith("/status") else ""
            body = FINE.get(name, {}) if "requestBody" in operation else None
            path = re.sub(r"{\w+}", lambda match: UNKNOWN[match[0]], name)
            if "{" in template:
                yield path + needed, body
            for key, values in BAD.items():
                if key in template:
                    yield from ((name.replace(key, value) + needed, body) for value in values)
            yield f"{path}?colour=red", body
            if body is not None:
                yield path, "{"
                yield path, None
                yield path, {"colour": "red"} if "bulk" not in template else [{"colour": "red"}]
                yield f"{path} as text/plain", "{}"
