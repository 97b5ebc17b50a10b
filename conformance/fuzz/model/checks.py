"""What a value may be: each check returns the value as it is stored, or raises ``Faults``."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from email_validator import EmailNotValidError, validate_email

from conformance.fuzz.model.values import MAX_ID, MAX_PRICE, MAX_STOCK, fold

Check = Callable[[Any], Any]
Path = tuple[str | int, ...]

_INT64 = 2**63


class Faults(Exception):
    """What is wrong with a value: the path to each fault within it, and the fault's code."""

    def __init__(self, faults: Iterable[tuple[Path, str]]) -> None:
        super().__init__()
        self.faults = list(faults)

    @classmethod
    def of(cls, code: str) -> "Faults":
        """The one fault that is the value itself."""
        return cls([((), code)])


def text(low: int, high: int, *rules: Callable[[str], str | None]) -> Check:
    """Text of so many code points; each rule returns it as it is stored, or None where it must not be."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise Faults.of("string-type")
        kept: str | None = cleaned(value)
        if kept is None or not low <= len(kept) <= high:
            raise Faults.of("invalid")
        for rule in rules:
            kept = rule(kept)
            if kept is None:
                raise Faults.of("invalid")
        return kept

    return check


def cleaned(value: str) -> str | None:
    """Text as it is stored; None where it cannot be."""
    if any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value):
        return None
    return unicodedata.normalize("NFC", value).strip()


def _only(pattern: str) -> Callable[[str], str | None]:
    return lambda value: value if re.fullmatch(pattern, value) else None


def _indexable(value: str) -> str | None:
    return value if 1 <= len(fold(value)) <= 255 else None


def _email(value: str) -> str | None:
    try:
        normal: str = validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        return None
    return normal if 3 <= len(normal) <= 255 else None


def password(value: Any) -> str:
    """Kept as it was typed; only its length and characters are looked at."""
    if not isinstance(value, str):
        raise Faults.of("string-type")
    fits = cleaned(value) is not None and 8 <= len(value) <= 100
    if not fits or not re.search("[A-Z]", value) or not re.search("[0-9]", value):
        raise Faults.of("invalid")
    return value


def whole(low: int, high: int) -> Check:
    """An integer; JSON does not tell 5 and 5.0 apart."""

    def check(value: Any) -> int:
        if isinstance(value, float) and value.is_integer() and abs(value) < _INT64:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Faults.of("int-type")
        return _bounded(value, low, high)

    return check


def _bounded(value: int, low: int, high: int) -> int:
    if value < low:
        raise Faults.of("greater-than-equal")
    if value > high:
        raise Faults.of("less-than-equal")
    return value


def amount(low: int, high: int) -> Check:
    """Money as a number or as text; in minor units from here on."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise Faults.of("invalid")
        try:
            minor = Decimal(str(value)) * 100
        except InvalidOperation:
            raise Faults.of("invalid") from None
        if not minor.is_finite() or minor != minor.to_integral_value() or not low <= minor <= high:
            raise Faults.of("invalid")
        return int(minor)

    return check


def flag(value: Any) -> bool:
    """Nothing but true and false."""
    if not isinstance(value, bool):
        raise Faults.of("bool-type")
    return value


def one_of(*words: str) -> Check:
    """One of a few words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise Faults.of("enum")
        return value

    return check


def many(check: Check, low: int, high: int) -> Check:
    """An array of so many."""

    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Faults.of("list-type")
        if not low <= len(value) <= high:
            raise Faults.of("too-short" if len(value) < low else "too-long")
        kept, faults = [], []
        for index, one in enumerate(value):
            try:
                kept.append(check(one))
            except Faults as wrong:
                faults += [((index, *path), code) for path, code in wrong.faults]
        if faults:
            raise Faults(faults)
        return kept

    return check_all


ID = whole(1, MAX_ID)
STOCK = whole(0, MAX_STOCK)
PRICE = amount(1, MAX_PRICE)
USERNAME = text(3, 50, _only(r"[A-Za-z0-9_]+"))
EMAIL = text(3, 255, _email, _indexable)
SLUG = text(1, 220, _only(r"[^\s/?#%\\]+"))
SKU = text(1, 50, lambda value: _only(r"[A-Z0-9-]+")(value.upper()))
TAG = text(1, 50, _indexable)
