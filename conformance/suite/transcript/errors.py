"""The same invalid requests to every operation of the API document, so that none can be forgotten."""

import re
from collections.abc import Iterator
from typing import Any

from conformance.suite.transcript.steps import Step

UNKNOWN_KEYS = {
    "{id}": "99999",
    "{user_id}": "99999",
    "{username}": "nobody_here",
    "{email}": "nobody@example.com",
    "{sku}": "NO-1",
    "{slug}": "nowhere",
}
INVALID_KEYS = {"{id}": ["x", "0", "9007199254740992"], "{user_id}": ["-1"]}

# Valid bodies, for operations on an unknown entity.
VALID_BODIES: dict[str, Any] = {
    "PUT /users/{id}": {"username": "fine", "email": "fine@example.com"},
    "PUT /categories/{id}": {"name": "Fine"},
    "PUT /products/{id}": {"name": "Fine", "price": 1, "sku": "FINE"},
    "PUT /posts/{id}": {"title": "Fine", "content": "Fine.", "author_id": "@user2"},
    "PUT /tags/{id}": {"name": "Fine"},
    "POST /products/{id}/stock": {"quantity_change": 1},
    "POST /orders/{id}/payments": {"amount": 1, "method": "card"},
    "POST /payments/{id}/refunds": {"amount": 1},
    "POST /accounts/{id}/deposit": {"amount": 1},
}


def error_steps(document: dict[str, Any]) -> Iterator[Step]:
    """For each operation: unknown and invalid keys, an unknown parameter, invalid bodies."""
    for template, methods in document["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {template}"
            query = "?new_status=confirmed" if template.endswith("/status") else ""
            body = VALID_BODIES.get(name, {}) if "requestBody" in operation else None
            path = re.sub(r"{\w+}", lambda match: UNKNOWN_KEYS[match[0]], name)
            if "{" in template:
                yield path + query, body
            for key, values in INVALID_KEYS.items():
                if key in template:
                    yield from ((name.replace(key, value) + query, body) for value in values)
            yield f"{path}?colour=red", body
            if body is not None:
                yield path, "{"
                yield path, None
                yield path, {"colour": "red"} if "bulk" not in template else [{"colour": "red"}]
                yield f"{path} as text/plain", "{}"
