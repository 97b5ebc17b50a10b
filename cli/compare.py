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

NEEDS = ("aiohttp", "hdrh", "jinja2", "psutil", "vl_convert")
"""What the extra ``compare`` brings."""

SERVERS = 2

PAPER = 120
"""Columns of what is written where there is no terminal to say."""


def compare(  # noqa: PLR0913, PLR0917 - an option each
    storages: Annotated[
        list[str] | None, typer.Argument(help="URLs, two or more. Without: those of compare.toml.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A file such as compare.toml; options win over it.")] = None,
    workload: Annotated[list[str] | None, typer.Option(help="browse, checkout, write, mixed, or of your own.")] = None,
    weights: Annotated[list[str] | None, typer.Option(help="Such as mixed:browse=50,checkout=50.")] = None,
    clients: Annotated[str | None, typer.Option(help="Clients at once, such as 1,4,16.")] = None,
    rate: Annotated[str | None, typer.Option(help="Arrivals per second, in place of clients that wait.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Times that everything is measured.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds for each figure.")] = None,
    warmup: Annotated[float | None, typer.Option(help="Seconds before it that do not count.")] = None,
    scale: Annotated[str | None, typer.Option(help="small, medium, large, or a number of products.")] = None,
    skew: Annotated[
        float | None, typer.Option(help="Exponent of Zipf's law for what is asked for; 0 for none.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything that is drawn.")] = None,
    http: Annotated[bool, typer.Option("--http", help="Over the real API, in server processes.")] = False,
    servers: Annotated[int | None, typer.Option(help=f"How many of them; {SERVERS} with --http.")] = None,
    scratch: Annotated[
        bool, typer.Option("--scratch", help="Work in databases of our own, dropped at the end.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Figures for programs.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="A page with charts.")] = None,
) -> None:
    """Measure the same work on several storages, and check that they did it right.

    Each store must be empty, and is empty again in the end. The exit code is 1 where a storage is wrong or broke down.
    """
    chosen = {
        "workloads": workload,
        "weights": _weights(weights) if weights else None,
        "clients": _numbers(clients, "--clients"),
        "rates": _numbers(rate, "--rate"),
        "rounds": rounds,
        "duration": duration,
        "warmup": warmup,
        "scale": scale,
        "skew": skew,
        "seed": seed,
        "servers": servers if servers is not None or not http else SERVERS,
        "scratch": scratch or None,
    }
    _require_installed()
    for file, option in ((json_file, "--json"), (report, "--report")):
        _require_writable(file, option)

    from compare.config import plan  # noqa: PLC0415 - the extra may be missing

    outcome = _run(plan(storages or [], config, {name: value for name, value in chosen.items() if value is not None}))
    _write(outcome, json_file, report)
    if not outcome.right:
        raise typer.Exit(1)


def _run(chosen: "Plan") -> "Outcome":
    from compare.comparison import compare as carry_out  # noqa: PLC0415
    from compare.comparison import steps  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("starting", total=steps(chosen))

        def tell(what: str, forward: float) -> None:
            progress.update(task, description=what, advance=forward)

        return carry_out(chosen, tell)


def _write(outcome: "Outcome", json_file: Path | None, report: Path | None) -> None:
    from compare.document import document  # noqa: PLC0415
    from compare.page import page  # noqa: PLC0415
    from compare.table import tables  # noqa: PLC0415

    console = Console()
    (console if console.is_terminal else Console(width=PAPER)).print(tables(outcome))
    if json_file:
        json_file.write_text(json.dumps(document(outcome), indent=2) + "\n", encoding="utf-8")
    if report:
        report.write_text(page(outcome), encoding="utf-8")


def _numbers(given: str | None, option: str) -> list[float] | None:
    try:
        return [float(part) for part in given.split(",")] if given is not None else None
    except ValueError:
        raise ConfigurationError(f"{option}: must be numbers with commas between them.") from None


def _weights(given: list[str]) -> dict[str, Any]:
    """``mixed:browse=50,checkout=50`` as a workload's parts and their weights."""
    weights: dict[str, Any] = {}
    for text in given:
        name, _, parts = text.partition(":")
        try:
            weights[name] = {part: float(weight) for part, weight in (p.split("=") for p in parts.split(","))}
        except ValueError:
            raise ConfigurationError("--weights: must be like mixed:browse=50,checkout=50.") from None
    return weights


def _require_installed() -> None:
    if missing := [module for module in NEEDS if find_spec(module) is None]:
        raise ConfigurationError(f"compare needs {', '.join(missing)}. Run: pip install 'stockroom[compare]'")


def _require_writable(file: Path | None, option: str) -> None:
    """Find out before the work, not after it."""
    if file is None:
        return
    if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ConfigurationError(f"{option}: {file} cannot be written.")
