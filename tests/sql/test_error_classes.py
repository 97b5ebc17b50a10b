"""Errors are translated by the servers' own categories, so that one that no list has is no 500 either."""

import sqlite3
from typing import Any

import pytest

from backends.sql.dialects import DIALECTS
from backends.sql.errors import Denied, Disconnected, IntegrityViolation, NotWritable, translate
from core.errors import TransientConflict, Unavailable

POSTGRESQL = {
    "08P01": Disconnected,
    "25006": NotWritable,
    "25P03": Disconnected,
    "40000": TransientConflict,
    "40003": Unavailable,
    "40P01": TransientConflict,
    "42501": Denied,
    "53400": Unavailable,
    "55000": Unavailable,
    "55P03": TransientConflict,
    "57P01": Disconnected,
    "57014": Unavailable,
    "58030": Unavailable,
    "72000": TransientConflict,
    "F0001": Unavailable,
    "XX001": Unavailable,
    "23505": IntegrityViolation,
}
MYSQL = {
    (1213, "40001"): TransientConflict,
    (1205, "HY000"): TransientConflict,
    (3101, "40000"): TransientConflict,
    (1614, "40XXX"): TransientConflict,  # of SQLSTATE's class alone
    (1047, "08S01"): NotWritable,
    (1158, "08S01"): Disconnected,
    (1290, "HY000"): NotWritable,
    (1792, "25006"): NotWritable,
    (1836, "HY000"): NotWritable,
    (1142, "42000"): Denied,
    (1180, "HY000"): Unavailable,
    (1030, "HY000"): Unavailable,
    (1114, "HY000"): Unavailable,
    (2013, None): Disconnected,
    (2027, None): Disconnected,
    (1062, "23000"): IntegrityViolation,
}
SQLITE = {
    sqlite3.SQLITE_BUSY_SNAPSHOT: TransientConflict,
    sqlite3.SQLITE_LOCKED_SHAREDCACHE: TransientConflict,
    sqlite3.SQLITE_IOERR_FSYNC: Unavailable,
    sqlite3.SQLITE_CANTOPEN_ISDIR: Unavailable,
    sqlite3.SQLITE_READONLY_DBMOVED: NotWritable,
    sqlite3.SQLITE_NOMEM: Unavailable,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: IntegrityViolation,
}


class OperationalError(Exception):
    """As a driver of MySQL names it."""


def error(arguments: tuple[Any, ...] = (), **attributes: Any) -> Exception:
    made = OperationalError(*arguments)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("state", POSTGRESQL)
def test_sqlstate_is_translated_by_class(state: str) -> None:
    assert type(translate(DIALECTS["postgresql"], error(sqlstate=state))) is POSTGRESQL[state]


@pytest.mark.parametrize(("number", "state"), MYSQL)
@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_error_number_is_translated_by_category(dialect: str, number: int, state: str | None) -> None:
    given = error((number, "what the server says"), **({"sqlstate": state} if state else {}))
    assert type(translate(DIALECTS[dialect], given)) is MYSQL[number, state]


@pytest.mark.parametrize("code", SQLITE)
def test_extended_code_is_translated_by_plain_one(code: int) -> None:
    assert type(translate(DIALECTS["sqlite"], error(sqlite_errorcode=code))) is SQLITE[code]


def test_our_own_mistakes_stay_errors() -> None:
    for dialect, given in (
        ("postgresql", error(sqlstate="42601")),
        ("mysql", error((3819, "check"))),
        ("mysql", error((1138, "null"), sqlstate="22004")),
        ("mariadb", error((4025, "check"), sqlstate="23000")),
        ("sqlite", error(sqlite_errorcode=sqlite3.SQLITE_ERROR)),
    ):
        assert translate(DIALECTS[dialect], given) is given
