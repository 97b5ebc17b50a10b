"""Kinds of value in a body: JSON texts just inside and just outside of what each accepts.

They are texts, not values, because the worst of them (lone surrogates, ``1e400``) have no value to be written from.
"""

import json
from dataclasses import dataclass, replace

MAX_ID = 2**53 - 1
MAX_QUANTITY = 2**31 - 1
EMOJI = "😀"

HOSTILE = (
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    '" OR ""="',
    "1; SELECT pg_sleep(10)",
    "Robert'); DELETE FROM products WHERE ('a'='a",
    "\\'; SHUTDOWN; --",
    '{"$gt": ""}',
    "$where: sleep(1000)",
    "$ne",
    "%",
    "_",
    "%%%_[a-z]",
    "*",
    ".*",
    "(a+)+$",
    "[",
    "\\",
    "{{7*7}}",
    "${jndi:ldap://example.test}",
    "<script>alert(1)</script>",
    "\u202eright to left",
    "a\r\nSet-Cookie: x=1",
)
"""Text that means something to some language behind or before the shop, and nothing to the shop."""

OBJECTS = ("[]", "{}", '{"$gt": ""}', '{"$ne": null}', '["a"]', "[" * 300 + "]" * 300)
NUMBERS = ("5", "-1", "1.5", "1e400")
BROKEN = (
    "NaN",
    "Infinity",
    "-Infinity",
    "nul",
    "01",
    "1.",
    "+1",
    "0x10",
    "'a'",
    '"a\x00b"',
    '"a\nb"',
    '"\\x41"',
    '"\\ud8"',
    "9" * 5000,
    "1e99999999999999999999",
    "[" * 100_000,
)
"""No JSON, or none with a clear meaning, whichever field it stands in."""


@dataclass(frozen=True, slots=True)
class Kind:
    """JSON texts that a field accepts, and those that it refuses with 422."""

    good: tuple[str, ...]
    bad: tuple[str, ...]
    free: bool = False
    """Any text at all passes, and comes back as it was."""


def nullable(kind: Kind) -> Kind:
    """The kind, or null."""
    return replace(kind, good=(*kind.good, "null"))


def required(kind: Kind) -> Kind:
    """The kind, never null."""
    return replace(kind, bad=(*kind.bad, "null"))


def _texts(*values: str) -> tuple[str, ...]:
    return tuple(json.dumps(value) for value in values)


_NOT_TEXT = ("5", "1.5", "true", *OBJECTS, '"a\\u0000b"', '"\\u0000"', '"\\ud800"', '"a\\udfffb"', '"\\udc00\\ud800"')


def text(low: int, high: int) -> Kind:
    """Free text of ``low`` to ``high`` code points, counted after outer white space is gone."""
    bad = _texts("a" * (high + 1), EMOJI * (high + 1), f" {'a' * (high + 1)} ", "a" * 200_000)
    empty = _texts("", " ", "\u2003\t\n ")
    good = _texts("a", EMOJI, "b" * high, EMOJI * high, f"\n {'c' * high} \u2003")
    return Kind(good if low else good + empty, (*_NOT_TEXT, *bad, *(empty if low else ())), free=True)


def folded(high: int) -> Kind:
    """Free text whose folded form must not be too long either: ``ﷺ`` folds to eighteen characters."""
    kind = text(1, high)
    return replace(kind, bad=(*kind.bad, *_texts("ﷺ" * high)))


def shaped(good: tuple[str, ...], bad: tuple[str, ...]) -> Kind:
    """Text of a certain shape, which no hostile text has unless it is among the good."""
    refused = [text for text in ("", "  ", *bad, *HOSTILE) if text not in good]
    return Kind(_texts(*good), (*_NOT_TEXT, *_texts(*refused)))


USERNAME = shaped(
    ("abc", "A_1", "u" * 50, "  padded  "),
    ("ab", "u" * 51, "a b", "a-b", "é" * 3, "ａｂｃ", "a.b", "a@b", "\u0661\u0662\u0663", "abc\u200b"),
)
EMAIL = shaped(
    ("b@example.com", "A.b+c@Example.COM", "ünï@example.com", f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example.com"),
    (
        *("a", "@", "a@", "@example.com", "a b@example.com", "a@b..com", "a@@example.com", "a@example", "a@-a.com"),
        *(f"{'a' * 64}@{'.'.join(['b' * 60] * 4)}.com", "a@exa mple.com", "a@[127.0.0.1]"),
    ),
)
PASSWORD = Kind(
    _texts("Abcdefg1", "A1" + "a" * 98, "Pässwörter1", "Ab1 " + EMOJI * 4),
    (*_NOT_TEXT, *_texts("", "Abcdef1", "A1" + "a" * 99, "abcdefg1", "ABCDEFGh", "        ")),
)
SLUG = shaped(
    ("é", "s" * 220, "grüße-😀", "$ne", "_", "*", ".*", "(a+)+$", "[", "{{7*7}}"),
    ("s" * 221, "a b", "a/b", "a?b", "a#b", "a%b", "a\\b", "a\u2003b"),
)
SKU = shaped(("a", "S-1", "K" * 50, "-", " trim-me "), ("K" * 51, "A_B", "A B", "É", "Ａ", "A.B"))


def integer(low: int, high: int) -> Kind:
    """A whole number; ``5.0`` is one, ``"5"`` and ``true`` are not."""
    wrong: tuple[str, ...] = (
        "1.5",
        "1e400",
        "-1e400",
        "1e-400",
        str(2**63),
        str(-(2**63) - 1),
        "1" + "0" * 400,
        "true",
        "false",
    )
    wrong += ('"5"', '"five"', '""', *OBJECTS)
    inside = (str(low), f"{low}.0", str(low + 1), "5e0", str(high))
    return Kind(inside, (*wrong, str(low - 1), str(high + 1), f"{high + 1}.0"))


ID = replace(integer(1, MAX_ID), good=("1", "1.0", "1e0"))
"""Of something that exists; those that nothing has are another table."""

STOCK = integer(0, MAX_QUANTITY)
QUANTITY = integer(1, MAX_QUANTITY)
STOCK_CHANGE = integer(-MAX_QUANTITY, MAX_QUANTITY)


def _amount(*good: str, low: tuple[str, ...]) -> Kind:
    bad: tuple[str, ...] = (
        "100000000",
        "100000000.00",
        "99999999.995",
        "99999999.991",
        "79.999",
        "0.001",
        "1e400",
        "1e-400",
        "-1e400",
    )
    bad += ("1e999999999", "true", "false", *OBJECTS, *(json.dumps(text) for text in HOSTILE))
    bad += _texts("100000000.00", "79.999", "1e400", "NaN", "sNaN", "Infinity", "-Infinity", "", " ", "79,99", "0x10")
    bad += _texts("1_000", "\u0661", "７９", "$5", "5 EUR", "1" * 50, "--1", "\x00")
    return Kind((*good, "79.9", "79.99", '"79.99"', '"79"', "7999e-2", "79.990", "99999999.99"), (*bad, *low))


PRICE = _amount("0.01", '"0.01"', low=("0", "0.00", "-0", '"0"', "-0.01", '"-0.01"', "-79.99"))
BALANCE = _amount("0", '"0.00"', low=("-0.01", '"-0.01"', "-79.99"))
FLAG = Kind(("true", "false"), ("0", "1", "1.0", '"true"', '"false"', '""', '"yes"', *OBJECTS))


def choice(*words: str) -> Kind:
    """One of these words."""
    bad = _texts("", words[0].upper(), f" {words[0]}", f"{words[0]}\x00", "$ne", *HOSTILE)
    return Kind(_texts(*words), (*bad, "0", "1", "true", *OBJECTS))


TAGS = Kind(
    ("[]", '["a"]', '["News", "NEWS"]', json.dumps([f"t{n}" for n in range(50)]), json.dumps(["x" * 50])),
    (
        *(
            '"news"',
            "5",
            "true",
            "{}",
            '{"$gt": ""}',
            "[1]",
            "[null]",
            "[[]]",
            "[{}]",
            '[""]',
            '["  "]',
            '["a\\u0000"]',
        ),
        *('["\\ud800"]', json.dumps([f"t{n}" for n in range(51)]), json.dumps(["x" * 51]), '["a", 1]'),
    ),
)


def lines(first: int, second: int) -> Kind:
    """Lines of an order."""
    line = {"product_id": first, "quantity": 1}
    good = ([line] * 100, [line, {"product_id": second, "quantity": 1}])
    bad: tuple[object, ...] = (
        [],
        [line] * 101,
        {},
        line,
        [None],
        [1],
        ["a"],
        [[]],
        [{}],
        "a",
        5,
        True,
        [line, {"product_id": first}],
    )
    return Kind(tuple(map(json.dumps, good)), tuple(map(json.dumps, bad)))
