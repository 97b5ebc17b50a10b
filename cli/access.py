"""``stockroom access``."""

import typer

from api.auth.permissions import Audience, Permission
from api.routers import PERMISSIONS

_HEAD = "| request | without a token | a user | a superuser |\n| --- | --- | --- | --- |\n"


def access() -> None:
    """Print who may send which request with AUTH=required, as Markdown."""
    typer.echo(permission_table(), nl=False)


def permission_table() -> str:
    """The permissions of all requests, as a table in Markdown."""
    return _HEAD + "".join(_line(name, permission) for name, permission in PERMISSIONS.items())


def _line(name: str, permission: Permission) -> str:
    rejected = "404" if name.startswith("GET ") else "403"
    anonymous, user = {
        Audience.PUBLIC: ("yes", "yes"),
        Audience.READER: ("published ones", permission.description),
        Audience.USER: ("401", permission.description),
        Audience.OPERATOR: ("401, but yes from `TRUSTED_NETWORKS`", rejected),
        Audience.SUPERUSER: ("401", rejected),
    }[permission.audience]
    return f"| `{name}` | {anonymous} | {user} | yes |\n"
