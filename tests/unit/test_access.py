"""Permissions: the generated page, and what every permission must hold."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.auth.permissions import Audience, Permission
from api.auth.visibility import RestrictedStorage
from api.dependencies import StorageDep
from api.routers import PERMISSIONS, accounts, orders, users
from api.routing import Router
from cli.access import permission_table
from core.entities import OrderStatus

OWN_SESSION = {"POST /auth/logout", "PUT /auth/password"}
VISIBLE = {"orders", "payments", "accounts", "notifications", "posts"}
"""Aggregates whose visibility is decided by ``RestrictedStorage``."""


def test_documented_permissions_are_current() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "access.md"
    assert permission_table() in page.read_text(encoding="utf-8"), "docs/access.md: run `stockroom access`"


@pytest.mark.parametrize("name", PERMISSIONS)
def test_user_permissions_are_limited_and_described(name: str) -> None:
    permission = PERMISSIONS[name]
    is_for_users = permission.audience in (Audience.READER, Audience.USER)
    is_limited = permission.check is not None or (is_for_users and not VISIBLE.isdisjoint(name.split("/")))
    assert is_limited == (is_for_users and name not in OWN_SESSION)
    assert bool(permission.description) == (is_for_users or permission.audience is Audience.OPERATOR)
    assert "|" not in permission.description


@pytest.mark.parametrize("name", PERMISSIONS)
def test_public_requests_only_read_register_or_log_in(name: str) -> None:
    if PERMISSIONS[name].audience is Audience.PUBLIC:
        assert name.startswith("GET ") or name in ("POST /users", "POST /auth/token")


async def test_restricted_storage_denies_undecided_methods() -> None:
    users: Any = object()
    storage: Any = SimpleNamespace(orders=None, users=users)
    restricted = RestrictedStorage(storage, None)
    assert restricted.users is users
    with pytest.raises(RuntimeError, match="totals_by_status"):
        await restricted.orders.totals_by_status()


@pytest.mark.parametrize(
    "permission", [users.OWN_USER, orders.OWN_DRAFT, orders.OWN_CANCELLATION, accounts.OWN_TRANSFER]
)
def test_check_needs_exactly_one_argument_of_its_type(permission: Permission) -> None:
    async def without(storage: StorageDep) -> None: ...

    async def with_two(storage: StorageDep, first: OrderStatus, second: OrderStatus) -> None: ...

    for endpoint in (without, with_two):
        with pytest.raises(TypeError, match="instead of 1"):
            Router("orders").post("", permission=permission)(endpoint)
