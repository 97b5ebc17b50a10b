"""The README's walk through the shop, command by command, against a real server process."""

import argparse
import asyncio
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from conformance.processes.serving import serving
from core.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text()
ORIGIN = "http://localhost:8000"

CURL = argparse.ArgumentParser(prog="curl")
CURL.add_argument("url")
CURL.add_argument("-X", dest="method", default="GET")
CURL.add_argument("-H", dest="headers", action="append", default=[])
CURL.add_argument("-d", dest="data")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Base URL of a server that runs in an empty folder with every setting at its default."""
    with serving(Settings.model_construct(), tmp_path, 1) as [one]:
        asyncio.run(one.ready())
        yield one.url


def requests() -> list[argparse.Namespace]:
    """The requests of the curl commands."""
    section = README.partition("## A walk through the shop\n")[2].partition("\n## ")[0]
    block = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0]
    commands = [shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines()]
    assert {words[0] for words in commands if words} == {"curl"}
    return [CURL.parse_args(words[1:]) for words in commands if words]


def test_walk_through_the_shop(server: str) -> None:
    answers: list[Any] = []
    with httpx2.Client() as client:
        for request in requests():
            url = request.url.replace(ORIGIN, server)
            headers = dict(header.split(": ", 1) for header in request.headers)
            answer = client.request(request.method, url, headers=headers, content=request.data)
            assert answer.status_code == (201 if request.method == "POST" else 200), answer.text
            answers.append(answer.json())
        stock = client.get(f"{server}/products/1").json()["stock_quantity"]

    category, product, user, placed, order, confirmed, summary, health = answers
    assert (category["id"], product["id"], user["id"]) == (1, 1, 1)
    assert (product["price"], product["category_id"]) == ("79.99", 1)
    assert not {name for name in user if "password" in name}
    assert (placed["id"], placed["total_amount"], placed["status"]) == (1, "159.98", "pending")
    assert [(item["product_id"], item["quantity"], item["unit_price"]) for item in order["items"]] == [(1, 2, "79.99")]
    assert order == placed
    assert confirmed == {"order_id": 1, "new_status": "confirmed"}
    assert (summary["total_orders"], summary["total_revenue"]) == (1, "159.98")
    assert summary["orders_by_status"] == {"pending": 0, "confirmed": 1, "shipped": 0, "delivered": 0, "cancelled": 0}
    assert health["database"]["connections_in_use"] + health["database"]["connections_available"] > 0
    assert stock == 48
