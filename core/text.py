"""Text rules that every backend shares: what is stored, how it is compared, how it is searched."""

import unicodedata
from collections.abc import Set

from slugify import slugify

FIELD_SEPARATOR = "\U0010ffff"
"""Joins the fields of a search key: a noncharacter, dropped from text and query, so that no match spans two fields."""

SLUG_LENGTH = 220
"""Longest slug in code points: the longest name, and room for a numeric suffix."""

_DERIVED_SLUG_LENGTH = 200
_SLUG_END = "."  # the code point after "-": closes the range that holds a slug and all its numbered siblings


def clean(value: str) -> str:
    """Return ``value`` as it is stored: NFC, without outer white space.

    Raises:
        ValueError: it holds NUL, which PostgreSQL cannot store, or a lone surrogate, which is not a character.
    """
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    if value.isascii():
        return value.strip()
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return unicodedata.normalize("NFC", value).strip()


def fold(value: str) -> str:
    """The case-folded NFKC form under which names are equal and searches match (Unicode's toNFKC_Casefold, repeated
    until stable, because folding can undo normalisation and the other way round).
    """
    if value.isascii():
        return value.lower()
    folded = unicodedata.normalize("NFKC", value)
    while (again := unicodedata.normalize("NFKC", folded.casefold())) != folded:
        folded = again
    return folded


def search_key(*fields: str | None) -> str:
    """One string in which a folded query occurs exactly when it occurs in one of ``fields``."""
    return FIELD_SEPARATOR.join(search_term(field or "") for field in fields)


def search_term(query: str) -> str:
    """A user's query in the form that is looked up, as an ordinary substring, in a search key."""
    return fold(query.replace(FIELD_SEPARATOR, ""))


def derive_slug(name: str, fallback: str) -> str:
    """An ASCII, hyphenated slug of ``name``; ``fallback`` where nothing of it can be written in ASCII."""
    return slugify(name, max_length=_DERIVED_SLUG_LENGTH) or fallback


def slug_range(base: str) -> tuple[str, str]:
    """Bounds ``low <= slug < high`` that hold ``base`` and every ``base-…`` in code-point order."""
    return base, base + _SLUG_END


def free_slug(base: str, taken: Set[str], numbers: dict[str, int]) -> str:
    """``base``, or ``base-2``, ``base-3``, …: the first that is not in ``taken``.

    ``numbers`` remembers where the last search for each base ended, so that a thousand equal names take one pass.
    """
    if base not in taken:
        return base
    number = numbers.get(base, 2)
    while f"{base}-{number}" in taken:
        number += 1
    numbers[base] = number
    return f"{base}-{number}"
