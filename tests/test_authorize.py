"""The button Authorize of the docs page, pressed in a real browser: the page gets a token, and uses it."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from conformance.authenticated_user import AuthenticatedUser
from conformance.defaults import protected_settings_for
from conformance.processes.servers import run_server
from conformance.shop import PASSWORD
from tests.compare.browser import BrowserPage, open_browser

pytestmark = pytest.mark.thorough

TIMEOUT_SECONDS = 30.0

_FILL = """
const input = document.querySelector(arguments_[0]);
Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, arguments_[1]);
input.dispatchEvent(new Event("input", {bubbles: true}));
"""


def until(look: Callable[[], Any]) -> Any:
    """What is seen once there is something to be seen."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(0.1)
    raise AssertionError("it never came")


def click(page: BrowserPage, place: str) -> None:
    """Press what is at a place, once it is there."""
    until(lambda: page.run(f"return document.querySelector({place!r})"))
    page.run(f"document.querySelector({place!r}).click()")


def fill(page: BrowserPage, place: str, text: str) -> None:
    """Type into a field, in the way that React notices."""
    until(lambda: page.run(f"return document.querySelector({place!r})"))
    page.run(f"const arguments_ = {json.dumps([place, text])};{_FILL}")


def log_in(page: BrowserPage, password: str) -> None:
    """Fill in the form behind the button, and send it."""
    fill(page, "#oauth_username", "ada")
    fill(page, "#oauth_password", password)
    click(page, ".auth-container .btn.authorize")


@pytest.fixture
def url(tmp_path: Path) -> Any:
    """A server at which ada is registered."""
    with run_server(protected_settings_for(f"sqlite:///{tmp_path / 'shop.db'}"), tmp_path) as url:
        asyncio.run(_register(url))
        yield url


async def _register(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url) as client:
        await AuthenticatedUser.register(client)


def test_the_docs_page_logs_in_and_sends_the_token(url: str, tmp_path: Path) -> None:
    with open_browser(tmp_path / "profile") as page:
        page.visit(f"{url}/docs")
        click(page, ".auth-wrapper .btn.authorize")
        log_in(page, "WrongPass123")
        assert "invalid_grant" in until(
            lambda: page.run('return document.querySelector(".auth-container .errors")?.innerText')
        )
        log_in(page, PASSWORD)
        click(page, ".auth-container .btn-done")
        click(page, "#operations-users-get_user .opblock-summary-control")
        click(page, "#operations-users-get_user .try-out__btn")
        fill(page, '#operations-users-get_user [data-param-name="id"] input:enabled', "1")
        time.sleep(1)  # the page takes over what is typed once typing stops
        click(page, "#operations-users-get_user .execute")
        status = "#operations-users-get_user .live-responses-table tbody .response-col_status"
        assert until(lambda: page.run(f"return document.querySelector({status!r})?.innerText")).startswith("200")
        assert {seen.startswith(f"{url}/") for seen in page.requested_urls() if seen.startswith("http")} == {True}
