"""Text, money and times as the contract has them."""

import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from slugify import slugify

MAX_ID = 2**53 - 1
MAX_STOCK = 2**31 - 1
MAX_PRICE = 99_999_999_99
MAX_TOTAL = 9_999_999_999_99

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fold(value: str) -> str:
    """The form in which names are compared and texts are searched."""
    while True:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
        if folded == value:
            return folded
        value = folded


def holds(text: str | None, wanted: str) -> bool:
    """Whether a search for ``wanted`` finds ``text``. The last code point of Unicode, no character, is ignored."""
    return fold(wanted.replace("\U0010ffff", "")) in fold((text or "").replace("\U0010ffff", ""))


def stamp(milliseconds: int) -> str:
    """A time as JSON has it; such texts sort as the times do."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def money(minor: int) -> str:
    """Minor units as JSON has them."""
    return str((Decimal(minor) / 100).quantize(Decimal("0.01")))


def mean(values: list[int]) -> int:
    """The average in whole minor units, rounded half to even."""
    return int((Decimal(sum(values)) / len(values)).quantize(Decimal(1), ROUND_HALF_EVEN))


def slug(name: str, kind: str, taken: set[str]) -> str:
    """The slug of a name that chose none: the first that is free."""
    base = slugify(name, max_length=200) or kind
    numbered = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 3))
    return next(candidate for candidate in numbered if candidate not in taken)
