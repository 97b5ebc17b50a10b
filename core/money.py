"""Money as integer minor units (cents). A float never touches an amount."""

import re
from decimal import Decimal, InvalidOperation

_CENT = Decimal("0.01")
_TWO = tuple(f"{cents:02d}" for cents in range(100))  # looked up in half the time of writing them out
_PLAIN = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?")  # what nearly all clients write

MAX_PRICE = 99_999_999_99
"""Highest price of one product and highest amount of one payment, deposit or transfer: 99 999 999.99."""

MAX_TOTAL = 9_999_999_999_99
"""Highest total of an order and highest balance of an account: 9 999 999 999.99, so that sums over millions of rows
stay within the 64-bit integers of every database."""


def parse(value: object) -> int:
    """Minor units of a JSON number or string such as ``79.99`` or ``"79.99"``.

    Raises:
        ValueError: not a number, not finite, or more than two decimals.
    """
    if isinstance(value, str) and (plain := _PLAIN.fullmatch(value)):
        whole, rest = plain.groups("")
        return int(whole) * 100 + int(rest.ljust(2, "0"))
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal, float)):
        raise ValueError('must be a number or a string such as "79.99"')
    amount = _decimal(value)
    if not amount.is_finite():
        raise ValueError("must be a finite number")
    if amount.copy_abs() >= Decimal(10) ** 15:
        raise ValueError("is too large")
    cents = amount.quantize(_CENT)
    if cents != amount:
        raise ValueError("must have at most two decimals")
    return int(cents.scaleb(2))


def _decimal(value: int | str | Decimal | float) -> Decimal:
    if isinstance(value, str) and (len(value) > 40 or not value.isascii() or "_" in value):
        raise ValueError('must be a decimal number such as "79.99"')
    try:
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        raise ValueError('must be a decimal number such as "79.99"') from None


def to_json(minor: int) -> str:
    """``7999`` as ``"79.99"``."""
    return f"{minor // 100}.{_TWO[minor % 100]}"


def mean(total: int, count: int) -> int:
    """``total / count`` in minor units, rounded half to even, in integers throughout."""
    quotient, rest = divmod(total, count)
    if 2 * rest > count or (2 * rest == count and quotient % 2 == 1):
        quotient += 1
    return quotient
