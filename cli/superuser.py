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

PASSWORD_VARIABLE = "STOCKROOM_SUPERUSER_PASSWORD"  # noqa: S105 - where one is, not what it is

_DRAFT = TypeAdapter(UserDraft)
_REGISTRATION = TypeAdapter(Registration)

T = TypeVar("T")


def create_superuser(
    username: Annotated[str | None, typer.Option(help="Asked for where left out.")] = None,
    email: Annotated[str | None, typer.Option(help="Asked for where left out.")] = None,
) -> None:
    """Make somebody who may do everything.

    The password is asked for, or taken from the variable STOCKROOM_SUPERUSER_PASSWORD, or where standard input is no
    terminal, from its first line. Who exists already keeps the password, and is made a superuser if you agree.
    """
    settings = load()
    fields = {"username": username or _ask("Username"), "email": email or _ask("E-mail address")}
    asyncio.run(_create(settings, _valid(_DRAFT, fields)))


async def _create(settings: Settings, draft: UserDraft) -> None:
    async with open_storage(discover().choose(settings), settings) as shop:
        found = await superusers.find(shop.storage, draft.username, draft.email)
        if found is None:
            await _add(settings, shop, draft)
        else:
            await _promote(shop, found)


async def _add(settings: Settings, shop: StorageHandle, draft: UserDraft) -> None:
    fields = {"username": draft.username, "email": draft.email, "password": _password()}
    registration = _valid(_REGISTRATION, fields)
    user = await superusers.create(shop.storage, PasswordHasher(settings), registration)
    typer.echo(f"{user.username} is a superuser, with the id {user.id}.")


async def _promote(shop: StorageHandle, user: User) -> None:
    who = f"{user.username} ({user.email}, id {user.id})"
    if user.is_superuser:
        typer.echo(f"{who} is a superuser already. Nothing has changed.")
        return
    if not sys.stdin.isatty():
        raise _refused(f"{who} exists and is no superuser. Run this on a terminal, where it can ask about that.")
    if not typer.confirm(f"{who} exists. Make this user a superuser, with the password that it has?"):
        typer.echo("Nothing has changed.")
        raise typer.Exit(1)
    await superusers.promote(shop.storage, user.id)
    typer.echo(f"{who} is a superuser.")


def _ask(what: str) -> str:
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{what} is needed: standard input is no terminal that it could be asked for on.")
    asked: str = typer.prompt(what)
    return asked


def _password() -> str:
    """The password of the new user; never an argument, which everybody on the machine can read."""
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _valid(kind: TypeAdapter[T], fields: Mapping[str, str]) -> T:
    try:
        return kind.validate_python(fields)
    except ValidationError as error:
        raise _refused("; ".join(_problem(wrong) for wrong in error.errors(include_input=False))) from None


def _problem(wrong: Mapping[str, Any]) -> str:
    return f"{wrong['loc'][0]} {str(wrong['msg']).removeprefix('Value error, ')}"


def _refused(message: str) -> typer.Exit:
    typer.echo(f"stockroom: {message}", err=True)
    return typer.Exit(1)
