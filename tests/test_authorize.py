"""The docs page's Authorize button in a real browser: the page gets a token and sends it."""

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

_USER_ID = """
return ui.getSystem().specSelectors.parameterWithMeta(["/users/{id}", "get"], "id", "path").get("value");
"""
"""The parameter of the operation in the page's own state."""


def wait_for(read: Callable[[], Any]) -> Any:
    """The first true value that ``read`` returns; the page has no event to wait for."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if value := read():
            return value
        time.sleep(0.1)
    raise AssertionError("the page did not reach the expected state")


def click(page: BrowserPage, selector: str) -> None:
    """Click an element, once it exists."""
    wait_for(lambda: page.run(f"return document.querySelector({selector!r})"))
    page.run(f"document.querySelector({selector!r}).click()")


def fill(page: BrowserPage, selector: str, text: str) -> None:
    """Type into a field, with the event that React handles."""
    wait_for(lambda: page.run(f"return document.querySelector({selector!r})"))
    page.run(f"const arguments_ = {json.dumps([selector, text])};{_FILL}")


def log_in(page: BrowserPage, password: str) -> None:
    """Fill in the form of the button, and submit it."""
    fill(page, "#oauth_username", "ada")
    fill(page, "#oauth_password", password)
    click(page, ".auth-container .btn.authorize")


@pytest.fixture
def url(tmp_path: Path) -> Any:
    """A server with the registered user ada."""
    with run_server(protected_settings_for(f"sqlite:///{tmp_path / 'shop.db'}"), tmp_path) as url:
        asyncio.run(_register(url))
        yield url


async def _register(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url) as client:
        await AuthenticatedUser.register(client)


def test_docs_page_logs_in_and_sends_the_token(url: str, tmp_path: Path) -> None:
    with open_browser(tmp_path / "profile") as page:
        page.visit(f"{url}/docs")
        click(page, ".auth-wrapper .btn.authorize")
        log_in(page, "WrongPass123")
        assert "invalid_grant" in wait_for(
            lambda: page.run('return document.querySelector(".auth-container .errors")?.innerText')
        )
        log_in(page, PASSWORD)
        click(page, ".auth-container .btn-done")
        click(page, "#operations-users-get_user .opblock-summary-control")
        click(page, "#operations-users-get_user .try-out__btn")
        fill(page, '#operations-users-get_user [data-param-name="id"] input:enabled', "1")
        wait_for(lambda: page.run(_USER_ID) == "1")  # the page debounces what is typed
        click(page, "#operations-users-get_user .execute")
        status = "#operations-users-get_user .live-responses-table tbody .response-col_status"
        assert wait_for(lambda: page.run(f"return document.querySelector({status!r})?.innerText")).startswith("200")
        assert {
            requested.startswith(f"{url}/") for requested in page.requested_urls() if requested.startswith("http")
        } == {True}
