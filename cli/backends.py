"""``stockroom backends``."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.plugins import discover
from core.storage import CAPABILITY_INFO, Backend
from core.storage.capabilities import CapabilityInfo, CapabilityKind

_TITLES = {
    CapabilityKind.OPERATION: "Operations: what is not declared is refused with `Unsupported`",
    CapabilityKind.VALUE: "Values: a storage behaves exactly as it declares",
    CapabilityKind.GUARANTEE: "Guarantees: what is not declared must not be counted on",
}


def backends(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say what each capability means.")] = False,
) -> None:
    """List the installed backends: URL schemes, drivers, capabilities."""
    described = [describe_backend(backend) for backend in discover().by_name.values()]
    if as_json:
        typer.echo(json.dumps(described, indent=2))
    elif explain:
        typer.echo(explain_capabilities(), nl=False)
    else:
        console = Console()
        console.print(render_backends(described))
        console.print(render_capabilities(described))
        console.print(f"All of them must have {', '.join(name for name in CAPABILITY_INFO if _is_mandatory(name))}.")


def describe_backend(backend: Backend) -> dict[str, Any]:
    """A backend as plain data."""
    return {
        "name": backend.name,
        "schemes": list(backend.schemes),
        "drivers": [
            {"name": driver.name, "installed": driver.installed, "requirement": driver.requirement}
            for driver in backend.drivers
        ],
        "capabilities": asdict(backend.capabilities),
        "example_url": backend.example_url,
    }


def render_backends(described: list[dict[str, Any]]) -> Table:
    """A row for each backend."""
    table = Table("backend", "schemes", "drivers")
    for backend in described:
        table.add_row(
            backend["name"],
            "\n".join(f"{scheme}://" for scheme in backend["schemes"]),
            "\n".join(map(_format_driver, backend["drivers"])),
            end_section=True,
        )
    return table


def render_capabilities(described: list[dict[str, Any]]) -> Table:
    """A row for each capability that is not mandatory, a column for each backend."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("capabilities", no_wrap=True)
    for backend in described:
        table.add_column(backend["name"])
    for name in CAPABILITY_INFO:
        if not _is_mandatory(name):
            table.add_row(name, *(format_value(backend["capabilities"][name]) for backend in described))
    return table


def format_value(value: int | None) -> str:
    """A declared value: a number, ``yes`` or ``no``."""
    return str(value) if type(value) is int else "yes" if value else "no"


def explain_capabilities() -> str:
    """Every capability and its meaning, as Markdown."""
    parts = []
    for kind, title in _TITLES.items():
        rows = [_explain(name, info) for name, info in CAPABILITY_INFO.items() if info.kind is kind]
        parts.append("".join([f"## {title}\n\n", "| axis | meaning |\n| --- | --- |\n", *rows]))
    return "\n".join(parts)


def _explain(name: str, info: CapabilityInfo) -> str:
    return f"| `{name}` | {'**Mandatory.** ' if info.mandatory else ''}{info.meaning} |\n"


def _is_mandatory(name: str) -> bool:
    return CAPABILITY_INFO[name].mandatory


def _format_driver(driver: dict[str, Any]) -> str:
    return f"{driver['name']}: {'installed' if driver['installed'] else 'pip install ' + driver['requirement']}"
