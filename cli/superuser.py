"""``stockroom create-superuser``."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from core.entities import Registration, User, UserDraft
from core.passwords import PasswordHasher
from core.plugins import discover
from core.services import superusers
from core.settings import Settings, load
from core.startup import StorageHandle, open_storage

PASSWORD_VARIABLE = "STOCKROOM_SUPERUSER_PASSWORD"  # noqa: S105 - the name of a variable, not a password

_DRAFT = TypeAdapter(UserDraft)
_REGISTRATION = TypeAdapter(Registration)

T = TypeVar("T")


def create_superuser(
    username: Annotated[str | None, typer.Option(help="Prompted for if omitted.")] = None,
    email: Annotated[str | None, typer.Option(help="Prompted for if omitted.")] = None,
) -> None:
    """Create a user with all permissions, or promote an existing user.

    The password is prompted for, or taken from the variable STOCKROOM_SUPERUSER_PASSWORD or, where standard input is
    not a terminal, from its first line. An existing user is promoted after confirmation, and keeps its password.
    """
    settings = load()
    fields = {"username": username or _prompt("Username"), "email": email or _prompt("E-mail address")}
    asyncio.run(_create_or_promote(settings, _validate(_DRAFT, fields)))


async def _create_or_promote(settings: Settings, draft: UserDraft) -> None:
    async with open_storage(discover().choose(settings), settings) as shop:
        found = await superusers.find(shop.storage, draft.username, draft.email)
        if found is None:
            await _add(settings, shop, draft)
        else:
            await _promote(shop, found)


async def _add(settings: Settings, shop: StorageHandle, draft: UserDraft) -> None:
    fields = {"username": draft.username, "email": draft.email, "password": _read_password()}
    registration = _validate(_REGISTRATION, fields)
    user = await superusers.create(shop.storage, PasswordHasher(settings), registration)
    typer.echo(f"{user.username} is a superuser, with the id {user.id}.")


async def _promote(shop: StorageHandle, user: User) -> None:
    label = f"{user.username} ({user.email}, id {user.id})"
    if user.is_superuser:
        typer.echo(f"{label} is a superuser already. Nothing has changed.")
        return
    if not sys.stdin.isatty():
        raise _report_error(f"{label} exists and is no superuser. Run this on a terminal, to confirm the promotion.")
    if not typer.confirm(f"{label} exists. Make this user a superuser, keeping its password?"):
        typer.echo("Nothing has changed.")
        raise typer.Exit(1)
    await superusers.promote(shop.storage, user.id)
    typer.echo(f"{label} is a superuser.")


def _prompt(label: str) -> str:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{label} is required: standard input is not a terminal to prompt on.")
    answer: str = typer.prompt(label)
    return answer


def _read_password() -> str:
    """The password of the new user; never an argument, which every user of the machine can read."""
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _validate(adapter: TypeAdapter[T], fields: Mapping[str, str]) -> T:
    try:
        return adapter.validate_python(fields)
    except ValidationError as error:
        raise _report_error("; ".join(_format_error(one) for one in error.errors(include_input=False))) from None


def _format_error(error: Mapping[str, Any]) -> str:
    return f"{error['loc'][0]} {str(error['msg']).removeprefix('Value error, ')}"


def _report_error(message: str) -> typer.Exit:
    typer.echo(f"stockroom: {message}", err=True)
    return typer.Exit(1)
