"""``stockroom access``."""

import typer

from api.access import TABLE, Row, Who

_HEAD = "| request | without a token | a user | a superuser |\n| --- | --- | --- | --- |\n"


def access() -> None:
    """Say who may send which request where AUTH=required, as Markdown."""
    typer.echo(tabulated(), nl=False)


def tabulated() -> str:
    """The table of access, as Markdown."""
    return _HEAD + "".join(_line(name, row) for name, row in TABLE.items())


def _line(name: str, row: Row) -> str:
    refused = "404" if name.startswith("GET ") else "403"
    anonymous, user = {
        Who.ANYBODY: ("yes", "yes"),
        Who.READER: ("published ones", row.says),
        Who.USER: ("401", row.says),
        Who.OPERATOR: ("401, but yes from `TRUSTED_NETWORKS`", refused),
        Who.SUPERUSER: ("401", refused),
    }[row.who]
    return f"| `{name}` | {anonymous} | {user} | yes |\n"
