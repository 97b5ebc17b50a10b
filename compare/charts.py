"""Charts, drawn by Vega-Lite into SVG when the report is written.

So the page needs no script and no network, and works where scripts are forbidden. Colours are the page's own
variables, so that a chart is light or dark as the page is. Every mark is labelled with its figures, for screen readers.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import vl_convert

from compare.outcome import Outcome
from compare.plan import Load

Spec = dict[str, Any]

WIDTH, HEIGHT = 330, 230
"""Pixels of the plotting area."""

_COLOUR_COUNT = 8
"""Number of colours that the page has, ``--series-0`` and on."""

_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
_TICKS = (50, 90, 99, 99.9, 99.99, 99.999)

_CONFIG: Spec = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": "var(--line)"},
    "axis": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--ink)",
        "gridColor": "var(--line)",
        "domainColor": "var(--ink)",
        "tickColor": "var(--ink)",
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": "var(--ink)", "labelFontSize": 12, "orient": "top", "columns": 4, "symbolOpacity": 1},
}


def draw_throughput(outcome: Outcome, workload: str) -> str:
    """Requests per second over the number of clients, or over arrivals: mean, lowest and highest of the rounds."""
    rows = []
    for load, storage, figures in outcome.figures_of(workload):
        rounds = figures.throughput
        rows.append(
            {
                "storage": storage.name,
                "load": _load_value(load),
                "throughput": _round(sum(rounds) / len(rounds)),
                "lowest": _round(min(rounds)),
                "highest": _round(max(rounds)),
            }
        )
    title = "arrivals per second" if outcome.plan.rates else "clients at once"
    x = {
        "field": "load",
        "type": "quantitative",
        "title": title,
        "scale": {"type": "log", "base": 2, "nice": False, "padding": 12},
        "axis": {"values": sorted({_load_value(load) for load in outcome.plan.loads}), "format": ",", "grid": False},
    }
    y = {"field": "throughput", "type": "quantitative", "title": "answered requests per second"}
    spans: Spec = {
        "mark": {"type": "rule", "strokeWidth": 1.5, "opacity": 0.6},
        "encoding": {"x": x, "y": {"field": "lowest", "type": "quantitative"}, "y2": {"field": "highest"}},
    }
    return _render(
        outcome, rows, [spans, *_line_layers(x, y)], f"{workload}: answered requests per second over {title}"
    )


def draw_latency(outcome: Outcome, workload: str) -> str:
    """Latency over percentiles at the heaviest load; 90 %, 99 % and 99.9 % are equally far apart."""
    heaviest = outcome.plan.loads[-1]
    rows = _latency_rows(outcome, workload, heaviest)
    highest_percentile = max((row["percentile"] for row in rows), default=99.9)
    ticks = [p for p in _TICKS if p <= max(99, highest_percentile)]
    labels = " : ".join(f"abs(datum.value - {_count_nines(p)}) < 1e-6 ? '{p:g} %'" for p in ticks)
    x = {
        "field": "nines",
        "type": "quantitative",
        "title": "part of all requests",
        "scale": {"nice": False, "domain": [0, max(_count_nines(99), _count_nines(highest_percentile))]},
        "axis": {"values": [_count_nines(p) for p in ticks], "labelExpr": f"{labels} : ''"},
    }
    y = {
        "field": "latency",
        "type": "quantitative",
        "title": "answered within, milliseconds",
        "scale": {"type": "log"},
        "axis": {"format": "~g", "tickCount": 6},
    }
    return _render(outcome, rows, _line_layers(x, y), f"{workload}: latency by percentile at {heaviest}")


def _latency_rows(outcome: Outcome, workload: str, at: Load) -> list[Spec]:
    return [
        {
            "storage": storage.name,
            "percentile": p,
            "nines": _count_nines(p),
            "latency": _round(max(1, microseconds) / 1000),
        }
        for load, storage, figures in outcome.figures_of(workload)
        if load == at
        for p, microseconds in figures.distribution()
    ]


def draw_ratios(outcome: Outcome, workload: str) -> str:
    """Throughput as a multiple of the first storage's, with its confidence interval."""
    rows = []
    for load, storage, _ in outcome.figures_of(workload):
        if ratio := outcome.ratio((workload, load), storage.name, lambda one: one.throughput):
            low, high = ratio.low or ratio.value, ratio.high or ratio.value
            rows.append(
                {
                    "storage": storage.name,
                    "load": str(load),
                    "ratio": _round(ratio.value),
                    "low": _round(low),
                    "high": _round(high),
                }
            )
    first = outcome.storages[0].name
    x = {"field": "ratio", "type": "quantitative", "title": f"throughput, multiple of {first}'s", "scale": _LOG}
    y = {"field": "load", "type": "nominal", "title": None, "sort": [str(load) for load in outcome.plan.loads]}
    offset = {"field": "storage", "type": "nominal", "sort": _storage_names(outcome)}
    position = {"y": y, "yOffset": offset, "color": _COLOUR}
    layers: list[Spec] = [
        {"mark": {"type": "rule", "color": "var(--ink)", "strokeDash": [4, 3]}, "encoding": {"x": {"datum": 1}}},
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {**position, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {"mark": {"type": "point", "filled": True, "size": 60}, "encoding": {**position, "x": x, "shape": _SHAPE}},
    ]
    return _render(outcome, rows, layers, f"{workload}: throughput as a multiple of {first}'s")


_LOG: Spec = {"type": "log", "nice": False, "padding": 12}
_COLOUR: Spec = {"field": "storage", "type": "nominal", "title": None}
_SHAPE: Spec = {"field": "storage", "type": "nominal", "title": None}


def _line_layers(x: Spec, y: Spec) -> list[Spec]:
    """A line for each storage, with its points."""
    return [
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"x": x, "y": y}},
        {"mark": {"type": "point", "filled": True, "size": 45}, "encoding": {"x": x, "y": y, "shape": _SHAPE}},
    ]


def _render(outcome: Outcome, rows: Iterable[Spec], layers: list[Spec], description: str) -> str:
    """SVG of these layers over ``rows``."""
    names = _storage_names(outcome)
    colours = [f"var(--series-{index % _COLOUR_COUNT})" for index in range(len(names))]
    shapes = [_SHAPES[index % len(_SHAPES)] for index in range(len(names))]
    colour = _COLOUR | {"scale": {"domain": names, "range": colours}}
    shape = {"scale": {"domain": names, "range": shapes}}
    for layer in layers:
        encoding = layer["encoding"]
        if "datum" not in encoding.get("x", {}):
            encoding["color"] = colour
        if "shape" in encoding:
            encoding["shape"] = encoding["shape"] | shape
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "description": description,
        "width": WIDTH,
        "height": HEIGHT,
        "data": {"values": list(rows)},
        "layer": layers,
        "config": _CONFIG,
    }
    return str(vl_convert.vegalite_to_svg(spec))


def _storage_names(outcome: Outcome) -> list[str]:
    return [storage.name for storage in outcome.storages]


def _load_value(load: Load) -> float:
    return load.clients if load.rate is None else load.rate


def _count_nines(percentile: float) -> float:
    """The number of nines: 0 for 0 %, 1 for 90 %, 2 for 99 %."""
    return round(-math.log10(1 - percentile / 100), 6)


def _round(value: float) -> float:
    """To four digits, which keeps the page short."""
    return float(f"{value:.4g}")


DrawChart = Callable[[Outcome, str], str]
