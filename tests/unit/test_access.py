"""The table of access as a page, and what every row of it must have."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.access import TABLE, Row, Who, row_of
from api.sight import sight
from cli.access import tabulated

OWN_SESSION = {"POST /auth/logout", "PUT /auth/password"}


def test_the_page_is_not_stale() -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "access.md"
    assert tabulated() in page.read_text(encoding="utf-8"), "docs/access.md: run `stockroom access`"


@pytest.mark.parametrize("name", TABLE)
def test_what_is_for_users_says_for_which(name: str) -> None:
    row = TABLE[name]
    limited = row.check is not None or bool(row.narrowed)
    assert limited == (row.who in (Who.READER, Who.USER) and name not in OWN_SESSION)
    assert bool(row.says) == (row.who in (Who.READER, Who.USER, Who.OPERATOR))
    assert "|" not in row.says


@pytest.mark.parametrize("name", TABLE)
def test_what_is_for_all_changes_nothing_but_what_begins_a_session_or_a_user(name: str) -> None:
    if TABLE[name].who is Who.ANYBODY:
        assert name.startswith("GET ") or name in ("POST /users", "POST /auth/token")


def test_a_verb_that_nobody_has_narrowed_is_not_there() -> None:
    whole: Any = SimpleNamespace(orders=SimpleNamespace(totals=print, save=print), users=print)
    seen: Any = sight(whole, "orders", None)
    assert (seen.orders.save, seen.users) == (print, print)
    with pytest.raises(AttributeError, match="totals"):
        _ = seen.orders.totals


def test_what_has_no_row_is_for_superusers() -> None:
    assert row_of({"GET"}, "/secrets") == Row(who=Who.SUPERUSER)
    assert row_of({"HEAD", "GET"}, "/products") == TABLE["GET /products"]
