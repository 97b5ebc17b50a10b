"""Charts, drawn by Vega-Lite into SVG when the report is written.

The page then needs no script and no network, and opens wherever scripts are forbidden. Colours are the page's own
variables, so that a chart is light or dark as the page is. Every mark has its figures as its label, for screen readers.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import vl_convert

from compare.outcome import Figures, Outcome
from compare.plan import Load

Spec = dict[str, Any]

WIDTH, HEIGHT = 330, 230
"""Pixels of the plotting area."""

_SERIES = 8
"""Colours that the page has, ``--series-0`` and on."""

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


def throughput(outcome: Outcome, workload: str) -> str:
    """Requests per second over clients at once, or over what arrived: the mean, and the span of the rounds."""
    rows = []
    for load, trial, figures in outcome.of(workload):
        rounds = figures.throughput
        rows.append(
            {
                "storage": trial.name,
                "load": _amount(load),
                "throughput": _short(sum(rounds) / len(rounds)),
                "lowest": _short(min(rounds)),
                "highest": _short(max(rounds)),
            }
        )
    title = "arrivals per second" if outcome.plan.rates else "clients at once"
    x = {
        "field": "load",
        "type": "quantitative",
        "title": title,
        "scale": {"type": "log", "base": 2, "nice": False, "padding": 12},
        "axis": {"values": sorted({_amount(load) for load in outcome.plan.loads}), "format": ",", "grid": False},
    }
    y = {"field": "throughput", "type": "quantitative", "title": "answered requests per second"}
    spans: Spec = {
        "mark": {"type": "rule", "strokeWidth": 1.5, "opacity": 0.6},
        "encoding": {"x": x, "y": {"field": "lowest", "type": "quantitative"}, "y2": {"field": "highest"}},
    }
    return _draw(outcome, rows, [spans, *_line(x, y)], f"{workload}: answered requests per second over {title}")


def latency(outcome: Outcome, workload: str) -> str:
    """Latency over percentiles, at the heaviest load; each further nine takes as much room as the one before."""
    heaviest = outcome.plan.loads[-1]
    rows: list[Spec] = [
        {"storage": trial.name, "percentile": p, "nines": _nines(p), "latency": _short(max(1, microseconds) / 1000)}
        for load, trial, figures in outcome.of(workload)
        if load == heaviest
        for p, microseconds in figures.distribution()
    ]
    furthest = max((row["percentile"] for row in rows), default=99.9)
    ticks = [p for p in _TICKS if p <= max(99, furthest)]
    labels = " : ".join(f"abs(datum.value - {_nines(p)}) < 1e-6 ? '{p:g} %'" for p in ticks)
    x = {
        "field": "nines",
        "type": "quantitative",
        "title": "part of all requests",
        "scale": {"nice": False, "domain": [0, max(_nines(99), _nines(furthest))]},
        "axis": {"values": [_nines(p) for p in ticks], "labelExpr": f"{labels} : ''"},
    }
    y = {
        "field": "latency",
        "type": "quantitative",
        "title": "answered within, milliseconds",
        "scale": {"type": "log"},
        "axis": {"format": "~g", "tickCount": 6},
    }
    return _draw(outcome, rows, _line(x, y), f"{workload}: latency by percentile at {heaviest}")


def ratios(outcome: Outcome, workload: str) -> str:
    """Throughput as a multiple of the first storage's, with its confidence interval."""
    rows = []
    for load, trial, _ in outcome.of(workload):
        if found := outcome.ratio((workload, load), trial.name, _throughput):
            low, high = found.low or found.value, found.high or found.value
            rows.append(
                {
                    "storage": trial.name,
                    "load": str(load),
                    "ratio": _short(found.value),
                    "low": _short(low),
                    "high": _short(high),
                }
            )
    first = outcome.trials[0].name
    x = {"field": "ratio", "type": "quantitative", "title": f"throughput, multiple of {first}'s", "scale": _LOG}
    y = {"field": "load", "type": "nominal", "title": None, "sort": [str(load) for load in outcome.plan.loads]}
    offset = {"field": "storage", "type": "nominal", "sort": _names(outcome)}
    place = {"y": y, "yOffset": offset, "color": _COLOUR}
    layers: list[Spec] = [
        {"mark": {"type": "rule", "color": "var(--ink)", "strokeDash": [4, 3]}, "encoding": {"x": {"datum": 1}}},
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {**place, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {"mark": {"type": "point", "filled": True, "size": 60}, "encoding": {**place, "x": x, "shape": _SHAPE}},
    ]
    return _draw(outcome, rows, layers, f"{workload}: throughput as a multiple of {first}'s")


def _throughput(figures: Figures) -> list[float]:
    return figures.throughput


_LOG: Spec = {"type": "log", "nice": False, "padding": 12}
_COLOUR: Spec = {"field": "storage", "type": "nominal", "title": None}
_SHAPE: Spec = {"field": "storage", "type": "nominal", "title": None}


def _line(x: Spec, y: Spec) -> list[Spec]:
    """A line per storage, with its points."""
    return [
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"x": x, "y": y}},
        {"mark": {"type": "point", "filled": True, "size": 45}, "encoding": {"x": x, "y": y, "shape": _SHAPE}},
    ]


def _draw(outcome: Outcome, rows: Iterable[Spec], layers: list[Spec], description: str) -> str:
    """The SVG of these layers over ``rows``."""
    names = _names(outcome)
    colours = [f"var(--series-{index % _SERIES})" for index in range(len(names))]
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


def _names(outcome: Outcome) -> list[str]:
    return [trial.name for trial in outcome.trials]


def _amount(load: Load) -> float:
    return load.clients if load.rate is None else load.rate


def _nines(percentile: float) -> float:
    """How many nines there are: 0, 1 for 90 %, 2 for 99 %."""
    return round(-math.log10(1 - percentile / 100), 6)


def _short(value: float) -> float:
    """To four digits: more would only make the page longer."""
    return float(f"{value:.4g}")


Chart = Callable[[Outcome, str], str]
