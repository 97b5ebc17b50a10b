"""Some hundreds of requests, replayed on each storage, and compared with the same recorded bytes.

``STOCKROOM_RECORD=1`` records them again, on the first storage of the run; review the difference before you commit it.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from conformance.suite.transcript.errors import error_steps
from conformance.suite.transcript.masks import Masks
from conformance.suite.transcript.steps import Step, regular_steps

RECORDED = Path(__file__).parent / "transcript" / "transcript.jsonl"
HEADERS = ["content-type", "allow", "retry-after", "location"]
# Errors that do not depend on the storage, or that one client of one process cannot cause.
NOT_COVERED = {"storage-unavailable", "pool-exhausted", "too-many-conflicts", "internal-error"}
NOT_COVERED |= {"forbidden", "overloaded", "shutting-down", "precondition-failed"}
NOT_COVERED |= {"idempotency-key-in-use", "idempotency-key-reused", "answer-too-large"}
# Errors of log-ins, which have tests of their own (test_log_in.py, test_permissions.py), and of rate limits.
NOT_COVERED |= {"unauthenticated", "invalid-grant", "invalid-request", "unsupported-grant-type", "wrong-password"}
NOT_COVERED |= {"too-many-attempts", "rate-limited"}


async def send(client: httpx2.AsyncClient, step: Step, masks: Masks) -> str:
    """One line of the transcript: the request and the response, masked."""
    line, body = step
    request, _, media_type = line.partition(" as ")
    method, path = masks.fill_in(request).split(" ", 1)
    content = body if body is None or isinstance(body, str) else json.dumps(masks.fill_in(body))
    headers = {"content-type": media_type or "application/json"} if content is not None else {}
    response = await client.request(method, path, content=content, headers=headers)
    recorded = {
        "request": line,
        "body": body,
        "status": response.status_code,
        "headers": {name: response.headers[name] for name in HEADERS if name in response.headers},
        "answer": masks.mask(_read_exactly(response)),
    }
    return json.dumps(recorded, ensure_ascii=False)


def _read_exactly(response: httpx2.Response) -> Any:
    """The JSON of a response, which must be encoded in the one way that we use: then equal values are equal bytes."""
    if not response.content:
        return None
    value = response.json()
    encodings = (json.dumps(value), json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    assert response.text == encodings[not response.headers["content-type"].startswith("application/problem")], (
        response.text
    )
    return value


async def replay(client: httpx2.AsyncClient, steps: Iterable[Step]) -> list[str]:
    """The whole transcript."""
    masks = Masks()
    return [await send(client, step, masks) for step in steps]


async def test_responses_equal_the_recorded_bytes(client: httpx2.AsyncClient, app: FastAPI) -> None:
    lines = await replay(client, [*regular_steps(), *error_steps(app.openapi())])
    if os.environ.get("STOCKROOM_RECORD"):
        RECORDED.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    recorded = RECORDED.read_text(encoding="utf-8").splitlines()
    for number, (value, expected) in enumerate(zip(lines, recorded, strict=False), 1):
        assert value == expected, f"line {number}"
    assert len(lines) == len(recorded)
