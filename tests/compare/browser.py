"""A headless Chromium, with its console and network log."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def find_programs() -> tuple[str, str]:
    """The browser and its driver. Where they are not installed the test is skipped; in CI it fails."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        reason = f"no {'chromium' if chromium is None else 'chromedriver'} on the PATH: the page was not tested"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
        raise AssertionError
    return chromium, driver


class BrowserPage:
    """A browser window with one page."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def open(self, page: Path) -> None:
        """Open a file."""
        self._driver.get(page.as_uri())

    def visit(self, url: str) -> None:
        """Open a URL."""
        self._driver.get(url)

    def run(self, script: str) -> Any:
        """The result of a JavaScript function body."""
        return self._driver.execute_script(script)

    def set_colour_scheme(self, scheme: str) -> None:
        """``light`` or ``dark``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def resize(self, width: int, height: int = 900) -> None:
        """Set the size of the page in pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def console_messages(self) -> list[str]:
        """Messages on the console since the last call."""
        return [entry["message"] for entry in self._driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requested_urls(self) -> list[str]:
        """The URLs that were requested since the last call."""
        entries = self._driver.get_log("performance")  # type: ignore[no-untyped-call]
        events = [json.loads(entry["message"])["message"] for entry in entries]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]


@contextmanager
def open_browser(folder: Path) -> Iterator[BrowserPage]:
    """A new browser with an empty profile in ``folder``."""
    chromium, driver = find_programs()
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(driver))
    try:
        yield BrowserPage(chrome)
    finally:
        chrome.quit()
