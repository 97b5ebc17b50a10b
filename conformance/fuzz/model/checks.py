"""Validation: each check returns the value as it is stored, or raises ``ValidationErrors``."""

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


class ValidationErrors(Exception):
    """The errors in a value: the path to each within it, and its code."""

    def __init__(self, errors: Iterable[tuple[Path, str]]) -> None:
        super().__init__()
        self.errors = list(errors)

    @classmethod
    def of(cls, code: str) -> "ValidationErrors":
        """One error, in the value itself."""
        return cls([((), code)])


def text(low: int, high: int, *rules: Callable[[str], str | None]) -> Check:
    """Text of ``low`` to ``high`` code points; each rule returns it as it is stored, or None if it is invalid."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationErrors.of("string-type")
        kept: str | None = normalize(value)
        if kept is None or not low <= len(kept) <= high:
            raise ValidationErrors.of("invalid")
        for rule in rules:
            kept = rule(kept)
            if kept is None:
                raise ValidationErrors.of("invalid")
        return kept

    return check


def normalize(value: str) -> str | None:
    """Text as it is stored; None if it cannot be stored."""
    if any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value):
        return None
    return unicodedata.normalize("NFC", value).strip()


def _matching(pattern: str) -> Callable[[str], str | None]:
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
    """A password, unchanged; only its length and characters are checked."""
    if not isinstance(value, str):
        raise ValidationErrors.of("string-type")
    fits = normalize(value) is not None and 8 <= len(value) <= 100
    if not fits or not re.search("[A-Z]", value) or not re.search("[0-9]", value):
        raise ValidationErrors.of("invalid")
    return value


def integer(low: int, high: int) -> Check:
    """An integer; JSON does not distinguish 5 from 5.0."""

    def check(value: Any) -> int:
        if isinstance(value, float) and value.is_integer() and abs(value) < _INT64:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValidationErrors.of("int-type")
        return _bounded(value, low, high)

    return check


def _bounded(value: int, low: int, high: int) -> int:
    if value < low:
        raise ValidationErrors.of("greater-than-equal")
    if value > high:
        raise ValidationErrors.of("less-than-equal")
    return value


def money_amount(low: int, high: int) -> Check:
    """Money, as a number or as text, in minor units."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValidationErrors.of("invalid")
        try:
            minor = Decimal(str(value)) * 100
        except InvalidOperation:
            raise ValidationErrors.of("invalid") from None
        if not minor.is_finite() or minor != minor.to_integral_value() or not low <= minor <= high:
            raise ValidationErrors.of("invalid")
        return int(minor)

    return check


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValidationErrors.of("bool-type")
    return value


def one_of(*words: str) -> Check:
    """One of these words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValidationErrors.of("enum")
        return value

    return check


def array(check: Check, low: int, high: int) -> Check:
    """An array of ``low`` to ``high`` elements."""

    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationErrors.of("list-type")
        if not low <= len(value) <= high:
            raise ValidationErrors.of("too-short" if len(value) < low else "too-long")
        kept, errors = [], []
        for index, one in enumerate(value):
            try:
                kept.append(check(one))
            except ValidationErrors as error:
                errors += [((index, *path), code) for path, code in error.errors]
        if errors:
            raise ValidationErrors(errors)
        return kept

    return check_all


ID = integer(1, MAX_ID)
STOCK = integer(0, MAX_STOCK)
PRICE = money_amount(1, MAX_PRICE)
USERNAME = text(3, 50, _matching(r"[A-Za-z0-9_]+"))
EMAIL = text(3, 255, _email, _indexable)
SLUG = text(1, 220, _matching(r"[^\s/?#%\\]+"))
SKU = text(1, 50, lambda value: _matching(r"[A-Z0-9-]+")(value.upper()))
TAG = text(1, 50, _indexable)
