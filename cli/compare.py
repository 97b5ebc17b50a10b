"""``stockroom compare``."""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core.errors import ConfigurationError

if TYPE_CHECKING:
    from compare.outcome import Outcome
    from compare.plan import Plan

REQUIRED_MODULES = ("aiohttp", "hdrh", "jinja2", "psutil", "vl_convert")
"""Installed by the extra ``compare``."""

DEFAULT_SERVERS = 2

DEFAULT_WIDTH = 120
"""Columns of the output where it is not a terminal."""


def compare(  # noqa: PLR0913, PLR0917 - an option each
    storages: Annotated[
        list[str] | None, typer.Argument(help="URLs, two or more. Without: those of compare.toml.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A file such as compare.toml; options win over it.")] = None,
    workload: Annotated[
        list[str] | None, typer.Option(help="browse, checkout, write, mixed, or one from compare.toml.")
    ] = None,
    weights: Annotated[list[str] | None, typer.Option(help="Such as mixed:browse=50,checkout=50.")] = None,
    clients: Annotated[str | None, typer.Option(help="Clients at once, such as 1,4,16.")] = None,
    rate: Annotated[str | None, typer.Option(help="Arrivals per second, in place of a closed loop.")] = None,
    rounds: Annotated[int | None, typer.Option(help="How often everything is measured.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds for each figure.")] = None,
    warmup: Annotated[float | None, typer.Option(help="Seconds before it that do not count.")] = None,
    scale: Annotated[str | None, typer.Option(help="small, medium, large, or a number of products.")] = None,
    skew: Annotated[
        float | None, typer.Option(help="Exponent of Zipf's law for products and users; 0 for none.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of all random choices.")] = None,
    http: Annotated[bool, typer.Option("--http", help="Measure the API over HTTP, in server processes.")] = False,
    servers: Annotated[
        int | None, typer.Option(help=f"Number of server processes; {DEFAULT_SERVERS} with --http.")
    ] = None,
    scratch: Annotated[
        bool, typer.Option("--scratch", help="Work in temporary databases, dropped at the end.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with charts.")] = None,
) -> None:
    """Measure the same workload on several storages, and audit the data of each.

    Each store must be empty, and is empty again in the end. The exit code is 1 where a storage is wrong or failed.
    """
    options = {
        "workloads": workload,
        "weights": _parse_weights(weights) if weights else None,
        "clients": _parse_numbers(clients, "--clients"),
        "rates": _parse_numbers(rate, "--rate"),
        "rounds": rounds,
        "duration": duration,
        "warmup": warmup,
        "scale": scale,
        "skew": skew,
        "seed": seed,
        "servers": servers if servers is not None or not http else DEFAULT_SERVERS,
        "scratch": scratch or None,
    }
    _require_installed()
    for file, option in ((json_file, "--json"), (report, "--report")):
        _require_writable(file, option)

    from compare.config import load_plan  # noqa: PLC0415 - the extra may be missing

    given = {name: value for name, value in options.items() if value is not None}
    outcome = _run(load_plan(storages or [], config, given))
    _write(outcome, json_file, report)
    if not outcome.is_correct:
        raise typer.Exit(1)


def _run(plan: "Plan") -> "Outcome":
    from compare.comparison import count_steps, run_comparison  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("starting", total=count_steps(plan))

        def report_progress(step: str, completed: float) -> None:
            progress.update(task, description=step, advance=completed)

        return run_comparison(plan, report_progress)


def _write(outcome: "Outcome", json_file: Path | None, report: Path | None) -> None:
    from compare.document import make_document  # noqa: PLC0415
    from compare.page import render_page  # noqa: PLC0415
    from compare.table import render_tables  # noqa: PLC0415

    console = Console()
    (console if console.is_terminal else Console(width=DEFAULT_WIDTH)).print(render_tables(outcome))
    if json_file:
        json_file.write_text(json.dumps(make_document(outcome), indent=2) + "\n", encoding="utf-8")
    if report:
        report.write_text(render_page(outcome), encoding="utf-8")


def _parse_numbers(given: str | None, option: str) -> list[float] | None:
    try:
        return [float(part) for part in given.split(",")] if given is not None else None
    except ValueError:
        raise ConfigurationError(f"{option}: must be numbers with commas between them.") from None


def _parse_weights(given: list[str]) -> dict[str, Any]:
    """From ``mixed:browse=50,checkout=50``, the weights of the parts of each workload."""
    weights: dict[str, Any] = {}
    for text in given:
        name, _, parts = text.partition(":")
        try:
            weights[name] = {part: float(weight) for part, weight in (p.split("=") for p in parts.split(","))}
        except ValueError:
            raise ConfigurationError("--weights: must be like mixed:browse=50,checkout=50.") from None
    return weights


def _require_installed() -> None:
    if missing := [module for module in REQUIRED_MODULES if find_spec(module) is None]:
        raise ConfigurationError(f"compare needs {', '.join(missing)}. Run: pip install 'stockroom[compare]'")


def _require_writable(file: Path | None, option: str) -> None:
    """Fail before the measurement, not after it."""
    if file is None:
        return
    if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ConfigurationError(f"{option}: {file} cannot be written.")
