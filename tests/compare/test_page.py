"""The report in a browser: its charts are drawn, legible in both colour schemes, and need no network."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.storage import CAPABILITY_INFO
from tests.compare.browser import BrowserPage, open_browser
from tests.compare.command import BRIEF, compare

pytestmark = pytest.mark.thorough

Json = dict[str, Any]

STORAGES = ["sqlite", "sqlite & <a pool of two>", "mongomock"]
WORKLOADS = ["browse", "checkout"]

STORES = """
[storages]
sqlite = "sqlite:///a.db"
"sqlite & <a pool of two>" = { url = "sqlite:///b.db", pool_size = 2 }
mongomock = "mongomock://x"
"""

CHARTS = """
return [...document.querySelectorAll('section.workload')].map(section => ({
  workload: section.id,
  charts: [...section.querySelectorAll('.charts svg')].map(svg => ({
    box: svg.getBoundingClientRect().toJSON(),
    texts: [...svg.querySelectorAll('text')].filter(t => t.getBoundingClientRect().width > 0).map(t => ({
      text: t.textContent, box: t.getBoundingClientRect().toJSON(), colour: getComputedStyle(t).fill
    })),
    marks: [...svg.querySelectorAll('[role=graphics-symbol][aria-label]')].map(m => ({
      kind: m.getAttribute('aria-roledescription'), label: m.getAttribute('aria-label'),
      box: m.getBoundingClientRect().toJSON(),
      colour: [getComputedStyle(m).fill, getComputedStyle(m).stroke]
    }))
  }))
}))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Json]:
    """The page of a comparison, and the same figures as JSON."""
    folder = tmp_path_factory.mktemp("report")
    options = [*BRIEF, "--rounds=2", "--clients=1,4", *(f"--workload={name}" for name in WORKLOADS)]
    (folder / "compare.toml").write_text(STORES)
    result = compare(folder, *options, "--json=f.json", "--report=r.html")
    assert result.code == 0, result.err
    return folder / "r.html", json.loads((folder / "f.json").read_text())


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserPage]:
    with open_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(browser: BrowserPage, report: tuple[Path, Json]) -> BrowserPage:
    """The report, newly opened."""
    browser.resize(1400)
    browser.set_colour_scheme("light")
    browser.console_messages()
    browser.requested_urls()
    browser.open(report[0])
    return browser


def charts(page: BrowserPage) -> list[Json]:
    found = page.run(CHARTS)
    assert [section["workload"] for section in found] == WORKLOADS
    return [chart for section in found for chart in section["charts"]]


def test_page_uses_no_network_and_logs_nothing(page: BrowserPage, report: tuple[Path, Json]) -> None:
    requested = set(page.requested_urls())
    assert report[0].as_uri() in requested
    assert requested <= {report[0].as_uri(), "data:,"}, "its icon is empty"
    assert page.console_messages() == []
    assert page.run("return document.scripts.length") == 0
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    assert not re.search(r"""(src|href|action)=["'](?!data:)|url\((?!#)|@import""", report[0].read_text())


def test_charts_have_labelled_axes(page: BrowserPage) -> None:
    titles = [
        ("clients at once", "answered requests per second"),
        ("part of all requests", "answered within, milliseconds"),
        ("throughput, multiple of sqlite's", "4 clients"),
    ]
    for section in page.run(CHARTS):
        assert len(section["charts"]) == 3
        for chart, wanted in zip(section["charts"], titles, strict=True):
            texts = {text["text"] for text in chart["texts"]}
            assert {*wanted, *STORAGES} <= texts
    for chart in charts(page):
        for text in chart["texts"]:
            assert text["box"]["left"] >= chart["box"]["left"] - 1, text["text"]
            assert text["box"]["right"] <= chart["box"]["right"] + 1, text["text"]
            assert text["box"]["bottom"] <= chart["box"]["bottom"] + 1, text["text"]


def test_marks_are_drawn_at_their_figures(page: BrowserPage, report: tuple[Path, Json]) -> None:
    """A point for each storage and number of clients, higher for a higher throughput."""
    for section in page.run(CHARTS):
        throughput, latency, _ = section["charts"]
        points = [mark for mark in throughput["marks"] if mark["kind"] == "point"]
        measured = [cell for cell in report[1]["cells"] if cell["workload"] == section["workload"]]
        wanted = {
            (cell["storage"], cell["clients"], float(f"{sum(cell['throughput']) / 2:.4g}")): cell for cell in measured
        }
        drawn = {parse_label(point["label"]): point["box"] for point in points}
        assert set(drawn) == set(wanted)
        ascending = sorted(drawn, key=lambda figure: figure[2])
        tops = [drawn[figure]["top"] for figure in ascending]
        assert tops == sorted(tops, reverse=True)
        for mark in (*throughput["marks"], *latency["marks"]):
            assert mark["box"]["width"] + mark["box"]["height"] > 0
            assert is_inside(mark["box"], throughput["box"]) or is_inside(mark["box"], latency["box"])
        assert len([mark for mark in latency["marks"] if mark["kind"] == "line mark"]) == len(STORAGES)


def parse_label(label: str) -> tuple[str, int, float]:
    """The label of a point of the first chart: ``clients at once: 4; …: 1234; storage: sqlite``."""
    parts = dict(part.split(": ", 1) for part in label.split("; "))
    return (
        parts["storage"],
        int(parts["clients at once"]),
        float(parts["answered requests per second"].replace(",", "")),
    )


def is_inside(box: Json, outer: Json) -> bool:
    return bool(
        box["left"] >= outer["left"] - 1
        and box["right"] <= outer["right"] + 1
        and box["top"] >= outer["top"] - 1
        and box["bottom"] <= outer["bottom"] + 1
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_enough_contrast(page: BrowserPage, scheme: str) -> None:
    """The contrasts of WCAG: 4.5 to 1 for text, 3 to 1 for lines and points."""
    page.set_colour_scheme(scheme)
    background = luminance(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert (background > 0.5) == (scheme == "light")
    count = 0
    for chart in charts(page):
        for text in chart["texts"]:
            assert contrast(luminance(text["colour"]), background) >= 4.5, text["text"]
        for mark in chart["marks"]:
            if mark["kind"] not in ("axis", "legend"):
                strongest = max(contrast(luminance(c), background) for c in mark["colour"] if c.startswith("rgb"))
                assert strongest >= 3, mark["label"]
                count += 1
    assert count > 40
    for cell in page.run("return [...document.querySelectorAll('td,th,p,h1,h2')].map(e => getComputedStyle(e).color)"):
        assert contrast(luminance(cell), background) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(1, 2, 3)``, by WCAG 2."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("width", [1400, 390])
def test_page_fits_the_window(page: BrowserPage, width: int) -> None:
    page.resize(width)
    assert page.run("return document.documentElement.scrollWidth") <= width


def test_page_shows_capabilities_machine_settings(page: BrowserPage, report: tuple[Path, Json]) -> None:
    rows = page.run(
        "return [...document.querySelectorAll('#capabilities tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    assert rows[0] == ["capability", *STORAGES, "what it changes"]
    assert [row[0] for row in rows[1:]] == list(CAPABILITY_INFO)
    assert next(row for row in rows if row[0] == "durable")[1:4] == ["yes", "yes", "no"]
    text = page.run("return document.body.innerText")
    machine = report[1]["machine"]
    for word in (
        "passed",
        "SQLite 3.",
        machine["processor"],
        f"{machine['cores']} cores",
        machine["python"],
        "skew",
        "pool_size=2",
    ):
        assert word in text
    figures = page.run("return [...document.querySelectorAll('table.figures')].map(t => t.rows.length)")
    assert figures == [1 + 2 * len(STORAGES)] * len(WORKLOADS)
