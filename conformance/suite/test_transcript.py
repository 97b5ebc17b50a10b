"""One conversation of some hundreds of requests, replayed on each storage, and compared with the same recorded bytes.

``STOCKROOM_RECORD=1`` records it anew, on whichever storage comes first; look at the difference before you commit it.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from conformance.suite.transcript.masks import Masks
from conformance.suite.transcript.refusals import refusals
from conformance.suite.transcript.story import Step, story

RECORDED = Path(__file__).parent / "transcript" / "transcript.jsonl"
HEADERS = ["content-type", "allow", "retry-after", "location"]
# Errors that no storage has a part in, or that a conversation in one process cannot bring about.
NEVER_ASKED_FOR = {"storage-unavailable", "pool-exhausted", "too-many-conflicts", "internal-error"}
NEVER_ASKED_FOR |= {"forbidden", "overloaded", "precondition-failed"}
NEVER_ASKED_FOR |= {"idempotency-key-in-use", "idempotency-key-reused", "answer-too-large"}
# Errors of logging in, which has tests of its own (test_sessions.py, test_permissions.py), and of who asks too often.
NEVER_ASKED_FOR |= {"unauthenticated", "invalid-grant", "invalid-request", "unsupported-grant-type", "wrong-password"}
NEVER_ASKED_FOR |= {"too-many-attempts", "rate-limited"}


async def ask(client: httpx2.AsyncClient, step: Step, masks: Masks) -> str:
    """One line of the transcript: what was asked, and what was answered, masked."""
    line, body = step
    request, _, media_type = line.partition(" as ")
    method, path = masks.fill_in(request).split(" ", 1)
    content = body if body is None or isinstance(body, str) else json.dumps(masks.fill_in(body))
    headers = {"content-type": media_type or "application/json"} if content is not None else {}
    answer = await client.request(method, path, content=content, headers=headers)
    recorded = {
        "request": line,
        "body": body,
        "status": answer.status_code,
        "headers": {name: answer.headers[name] for name in HEADERS if name in answer.headers},
        "answer": masks.mask(_exact(answer)),
    }
    return json.dumps(recorded, ensure_ascii=False)


def _exact(answer: httpx2.Response) -> Any:
    """The JSON of an answer, which must be written in the one way that is ours: then equal values are equal bytes."""
    if not answer.content:
        return None
    value = answer.json()
    ways = (json.dumps(value), json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    assert answer.text == ways[not answer.headers["content-type"].startswith("application/problem")], answer.text
    return value


async def replay(client: httpx2.AsyncClient, steps: Iterable[Step]) -> list[str]:
    """The whole transcript."""
    masks = Masks()
    return [await ask(client, step, masks) for step in steps]


async def test_responses_equal_the_recorded_bytes(client: httpx2.AsyncClient, app: FastAPI) -> None:
    lines = await replay(client, [*story(), *refusals(app.openapi())])
    if os.environ.get("STOCKROOM_RECORD"):
        RECORDED.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    recorded = RECORDED.read_text(encoding="utf-8").splitlines()
    for number, (answered, expected) in enumerate(zip(lines, recorded, strict=False), 1):
        assert answered == expected, f"line {number}"
    assert len(lines) == len(recorded)
