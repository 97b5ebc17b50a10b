"""The report in a real browser: its charts are drawn, can be read, light and dark, and need no network."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.storage import CAPABILITY_INFO
from tests.compare.browser import PageRequest, window
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
    """The page of a real comparison, and the same figures as JSON."""
    folder = tmp_path_factory.mktemp("report")
    options = [*BRIEF, "--rounds=2", "--clients=1,4", *(f"--workload={name}" for name in WORKLOADS)]
    (folder / "compare.toml").write_text(STORES)
    told = compare(folder, *options, "--json=f.json", "--report=r.html")
    assert told.code == 0, told.err
    return folder / "r.html", json.loads((folder / "f.json").read_text())


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageRequest]:
    with window(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def page(browser: PageRequest, report: tuple[Path, Json]) -> PageRequest:
    """The report, opened anew."""
    browser.resize(1400)
    browser.prefer("light")
    browser.complaints()
    browser.requests()
    browser.open(report[0])
    return browser


def charts(page: PageRequest) -> list[Json]:
    found = page.run(CHARTS)
    assert [section["workload"] for section in found] == WORKLOADS
    return [chart for section in found for chart in section["charts"]]


def test_it_asks_no_network_for_anything_and_complains_of_nothing(page: PageRequest, report: tuple[Path, Json]) -> None:
    asked = set(page.requests())
    assert report[0].as_uri() in asked
    assert asked <= {report[0].as_uri(), "data:,"}, "its icon is empty"
    assert page.complaints() == []
    assert page.run("return document.offline_migrations.length") == 0
    assert page.run("return performance.getEntriesByType('resource').length") == 0
    assert not re.search(r"""(src|href|action)=["'](?!data:)|url\((?!#)|@import""", report[0].read_text())


def test_every_workload_has_its_charts_with_labelled_axes_and_units(page: PageRequest) -> None:
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


def test_the_marks_are_drawn_where_their_figures_are(page: PageRequest, report: tuple[Path, Json]) -> None:
    """A point for each storage and number of clients, higher up the more requests were answered."""
    for section in page.run(CHARTS):
        throughput, latency, _ = section["charts"]
        points = [mark for mark in throughput["marks"] if mark["kind"] == "point"]
        measured = [cell for cell in report[1]["cells"] if cell["workload"] == section["workload"]]
        wanted = {
            (cell["storage"], cell["clients"], float(f"{sum(cell['throughput']) / 2:.4g}")): cell for cell in measured
        }
        drawn = {figures(point["label"]): point["box"] for point in points}
        assert set(drawn) == set(wanted)
        ascending = sorted(drawn, key=lambda figure: figure[2])
        tops = [drawn[figure]["top"] for figure in ascending]
        assert tops == sorted(tops, reverse=True)
        for mark in (*throughput["marks"], *latency["marks"]):
            assert mark["box"]["width"] + mark["box"]["height"] > 0
            assert inside(mark["box"], throughput["box"]) or inside(mark["box"], latency["box"])
        assert len([mark for mark in latency["marks"] if mark["kind"] == "line mark"]) == len(STORAGES)


def figures(label: str) -> tuple[str, int, float]:
    """What a point of the first chart says: ``clients at once: 4; …: 1234; storage: sqlite``."""
    said = dict(part.split(": ", 1) for part in label.split("; "))
    return said["storage"], int(said["clients at once"]), float(said["answered requests per second"].replace(",", ""))


def inside(box: Json, outer: Json) -> bool:
    return bool(
        box["left"] >= outer["left"] - 1
        and box["right"] <= outer["right"] + 1
        and box["top"] >= outer["top"] - 1
        and box["bottom"] <= outer["bottom"] + 1
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_day_and_by_night(page: PageRequest, scheme: str) -> None:
    """WCAG's contrasts: 4.5 to 1 for text, 3 to 1 for lines and points."""
    page.prefer(scheme)
    paper = luminance(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert (paper > 0.5) == (scheme == "light")
    seen = 0
    for chart in charts(page):
        for text in chart["texts"]:
            assert contrast(luminance(text["colour"]), paper) >= 4.5, text["text"]
        for mark in chart["marks"]:
            if mark["kind"] not in ("axis", "legend"):
                strongest = max(contrast(luminance(c), paper) for c in mark["colour"] if c.startswith("rgb"))
                assert strongest >= 3, mark["label"]
                seen += 1
    assert seen > 40
    for cell in page.run("return [...document.querySelectorAll('td,th,p,h1,h2')].map(e => getComputedStyle(e).color)"):
        assert contrast(luminance(cell), paper) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(1, 2, 3)``, by WCAG 2."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_sticks_out_of_the_page(page: PageRequest, width: int) -> None:
    page.resize(width)
    assert page.run("return document.documentElement.scrollWidth") <= width


def test_the_figures_stand_beside_the_capabilities_the_machine_and_the_settings(
    page: PageRequest, report: tuple[Path, Json]
) -> None:
    rows = page.run(
        "return [...document.querySelectorAll('#capabilities tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    assert rows[0] == ["capability", *STORAGES, "what it changes"]
    assert [row[0] for row in rows[1:]] == list(CAPABILITY_INFO)
    assert next(row for row in rows if row[0] == "durable")[1:4] == ["yes", "yes", "no"]
    told = page.run("return document.body.innerText")
    machine = report[1]["machine"]
    for word in (
        "add up",
        "SQLite 3.",
        machine["processor"],
        f"{machine['cores']} cores",
        machine["python"],
        "skew",
        "pool_size=2",
    ):
        assert word in told
    figures = page.run("return [...document.querySelectorAll('table.figures')].map(t => t.rows.length)")
    assert figures == [1 + 2 * len(STORAGES)] * len(WORKLOADS)
