"""Text, money and times."""

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
    """The form in which names are compared and text is searched."""
    while True:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
        if folded == value:
            return folded
        value = folded


def matches_search(text: str | None, wanted: str) -> bool:
    """Whether a search for ``wanted`` finds ``text``. The last code point of Unicode, a noncharacter, is ignored."""
    return fold(wanted.replace("\U0010ffff", "")) in fold((text or "").replace("\U0010ffff", ""))


def format_time(milliseconds: int) -> str:
    """A time as in JSON; such texts sort as the times do."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def format_money(minor: int) -> str:
    """Minor units as in JSON."""
    return str((Decimal(minor) / 100).quantize(Decimal("0.01")))


def mean(values: list[int]) -> int:
    """The average in whole minor units, rounded half to even."""
    return int((Decimal(sum(values)) / len(values)).quantize(Decimal(1), ROUND_HALF_EVEN))


def derive_slug(name: str, kind: str, taken: set[str]) -> str:
    """The slug of a name without one: the first that is free."""
    base = slugify(name, max_length=200) or kind
    candidates = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 3))
    return next(candidate for candidate in candidates if candidate not in taken)
