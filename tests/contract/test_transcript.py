"""One conversation of some hundreds of requests, replayed on each storage, and compared with the same recorded bytes.

``STOCKROOM_RECORD=1`` records it anew, on whichever storage comes first; look at the difference before you commit it.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.problems import TYPE_PREFIX
from tests.contract.transcript.masks import Masks
from tests.contract.transcript.refusals import refusals
from tests.contract.transcript.story import Step, story

RECORDED = Path(__file__).parent / "transcript" / "transcript.jsonl"
HEADERS = ["content-type", "allow", "retry-after", "location"]
NEVER_ASKED_FOR = {"storage-unavailable", "pool-exhausted", "too-many-conflicts", "internal-error"}


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


async def test_every_storage_answers_with_the_recorded_bytes(client: httpx2.AsyncClient, app: FastAPI) -> None:
    lines = await replay(client, [*story(), *refusals(app.openapi())])
    if os.environ.get("STOCKROOM_RECORD"):
        RECORDED.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    recorded = RECORDED.read_text(encoding="utf-8").splitlines()
    for number, (answered, expected) in enumerate(zip(lines, recorded, strict=False), 1):
        assert answered == expected, f"line {number}"
    assert len(lines) == len(recorded)


# What was recorded

LINES: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


def operation(line: dict[str, Any], document: dict[str, Any]) -> tuple[str, str] | None:
    """Template and method that a recorded request was for; the most literal template that fits."""
    method, target = line["request"].split(" ", 1)
    path = target.partition("?")[0].partition(" as ")[0].rstrip("/") or "/"
    fitting = [template for template in document["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)]
    chosen = min(fitting, key=lambda template: template.count("{"), default=None)
    known = chosen is not None and method.lower() in document["paths"][chosen]
    return (chosen, method.lower()) if known and chosen else None


def test_the_transcript_holds_every_answer_that_the_api_document_promises(built_app: FastAPI) -> None:
    document = built_app.openapi()
    seen = {(operation(line, document), str(line["status"])) for line in LINES}
    promised = {
        ((template, method), status)
        for template, methods in document["paths"].items()
        for method, described in methods.items()
        for status in described["responses"]
        if int(status) < 500
    }
    assert promised - seen == set()
    assert {known for known in seen - promised if known[0] is not None} == set()


def test_the_transcript_holds_every_kind_of_error_that_a_client_can_cause() -> None:
    page = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (?:\d{3}[^|]*|others) \| (.*) \|$", page.partition("## Errors")[2])
    documented = {kind for row in rows for kind in re.findall(r"`([a-z-]+)`", row)}
    kinds = {line["answer"]["type"].removeprefix(TYPE_PREFIX) for line in LINES if line["status"] >= 400}
    assert documented - NEVER_ASKED_FOR <= kinds
    assert kinds - documented == {"unsupported-media-type"}


def test_the_transcript_is_some_hundred_requests_long() -> None:
    assert len(LINES) >= 300
    assert not [line for line in LINES if line["status"] >= 500]


@pytest.mark.parametrize("secret", ["SecurePass", "argon2", "password_hash"])
def test_no_answer_holds_a_secret(secret: str) -> None:
    assert [line["request"] for line in LINES if secret in json.dumps(line["answer"])] == []
