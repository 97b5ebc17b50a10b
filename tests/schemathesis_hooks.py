"""Adapts schemathesis to rules that the API document does not state; loaded by the tool, in ``test_document``."""

from typing import Any
from uuid import uuid4

import schemathesis

from conformance.problem import LEAKS

KEY = "Idempotency-Key"
LONGEST_CURSOR = 4096


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Skip links that the tool follows from a null, such as a missing category, to ``/None``."""
    return None not in (case.path_parameters or {}).values()


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
    """Write parameters as clients do, where the schema leaves it open.

    A whole number has no decimals in a path or a query, though ``1.0`` is an integer in JSON. A cursor is opaque and
    excludes ``page``, so a random one is 422 although it fits the schema: a valid request starts without a cursor, and
    an invalid one has no cursor, so that its other errors are tested. A reused idempotency key is 422 too, so each
    valid request has a new one. The address of an anonymised user, which the tool takes from a response, is no input.
    """
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    for given in (case.path_parameters, case.query) if positive else ():
        given.update({name: int(value) for name, value in given.items() if is_whole(value)})
    if positive and KEY in (case.headers or {}):
        case.headers[KEY] = str(uuid4())
    if positive and isinstance(case.body, dict) and str(case.body.get("email")).endswith("@anonymous.invalid"):
        case.body["email"] = f"{uuid4()}@example.com"
    cursor = (case.query or {}).get("cursor")
    if isinstance(cursor, str) and len(cursor) <= LONGEST_CURSOR:
        if positive:
            case.query["cursor"] = ""
            case.query.pop("page", None)
        else:
            del case.query["cursor"]
    return case


def is_whole(value: object) -> bool:
    """Whether a float is an integer."""
    return isinstance(value, float) and value.is_integer()


@schemathesis.check
def no_leak(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]) -> None:
    """An error response contains nothing internal."""
    if response.status_code >= 400:
        assert not LEAKS.search(response.text.lower()), response.text
