"""Values of body fields: JSON texts just inside and just outside of what each field accepts.

They are texts, not values, because some of them (lone surrogates, ``1e400``) cannot be written from a value.
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
"""Text with a meaning in some language of a database or a client, and none in the shop."""

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
"""Invalid or ambiguous JSON, for any field."""


@dataclass(frozen=True, slots=True)
class FieldCases:
    """JSON texts that a field accepts, and those that it rejects with 422."""

    valid: tuple[str, ...]
    invalid: tuple[str, ...]
    is_free_text: bool = False
    """Any text is valid, and is returned unchanged."""


def nullable(cases: FieldCases) -> FieldCases:
    """The same, with null as a valid value."""
    return replace(cases, valid=(*cases.valid, "null"))


def required(cases: FieldCases) -> FieldCases:
    """The same, with null as an invalid value."""
    return replace(cases, invalid=(*cases.invalid, "null"))


def _texts(*values: str) -> tuple[str, ...]:
    return tuple(json.dumps(value) for value in values)


_NOT_TEXT = ("5", "1.5", "true", *OBJECTS, '"a\\u0000b"', '"\\u0000"', '"\\ud800"', '"a\\udfffb"', '"\\udc00\\ud800"')


def text(low: int, high: int) -> FieldCases:
    """Free text of ``low`` to ``high`` code points, counted after outer white space is stripped."""
    invalid = _texts("a" * (high + 1), EMOJI * (high + 1), f" {'a' * (high + 1)} ", "a" * 200_000)
    empty = _texts("", " ", "\u2003\t\n ")
    valid = _texts("a", EMOJI, "b" * high, EMOJI * high, f"\n {'c' * high} \u2003")
    return FieldCases(
        valid if low else valid + empty, (*_NOT_TEXT, *invalid, *(empty if low else ())), is_free_text=True
    )


def folded(high: int) -> FieldCases:
    """Free text whose folded form is limited too: ``ﷺ`` folds to eighteen characters."""
    cases = text(1, high)
    return replace(cases, invalid=(*cases.invalid, *_texts("ﷺ" * high)))


def patterned(valid: tuple[str, ...], invalid: tuple[str, ...]) -> FieldCases:
    """Text of a pattern, which no hostile text matches unless it is listed as valid."""
    others = [text for text in ("", "  ", *invalid, *HOSTILE) if text not in valid]
    return FieldCases(_texts(*valid), (*_NOT_TEXT, *_texts(*others)))


USERNAME = patterned(
    ("abc", "A_1", "u" * 50, "  padded  "),
    ("ab", "u" * 51, "a b", "a-b", "é" * 3, "ａｂｃ", "a.b", "a@b", "\u0661\u0662\u0663", "abc\u200b"),
)
EMAIL = patterned(
    ("b@example.com", "A.b+c@Example.COM", "ünï@example.com", f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example.com"),
    (
        *("a", "@", "a@", "@example.com", "a b@example.com", "a@b..com", "a@@example.com", "a@example", "a@-a.com"),
        *(f"{'a' * 64}@{'.'.join(['b' * 60] * 4)}.com", "a@exa mple.com", "a@[127.0.0.1]"),
    ),
)
PASSWORD = FieldCases(
    _texts("Abcdefg1", "A1" + "a" * 98, "Pässwörter1", "Ab1 " + EMOJI * 4),
    (*_NOT_TEXT, *_texts("", "Abcdef1", "A1" + "a" * 99, "abcdefg1", "ABCDEFGh", "        ")),
)
SLUG = patterned(
    ("é", "s" * 220, "grüße-😀", "$ne", "_", "*", ".*", "(a+)+$", "[", "{{7*7}}"),
    ("s" * 221, "a b", "a/b", "a?b", "a#b", "a%b", "a\\b", "a\u2003b"),
)
SKU = patterned(("a", "S-1", "K" * 50, "-", " trim-me "), ("K" * 51, "A_B", "A B", "É", "Ａ", "A.B"))


def integer(low: int, high: int) -> FieldCases:
    """An integer; ``5.0`` is one, ``"5"`` and ``true`` are not."""
    outside: tuple[str, ...] = (
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
    outside += ('"5"', '"five"', '""', *OBJECTS)
    inside = (str(low), f"{low}.0", str(low + 1), "5e0", str(high))
    return FieldCases(inside, (*outside, str(low - 1), str(high + 1), f"{high + 1}.0"))


ID = replace(integer(1, MAX_ID), valid=("1", "1.0", "1e0"))
"""The id of an entity that exists; unknown ids have a table of their own."""

STOCK = integer(0, MAX_QUANTITY)
QUANTITY = integer(1, MAX_QUANTITY)
STOCK_CHANGE = integer(-MAX_QUANTITY, MAX_QUANTITY)


def _amount(*valid: str, low: tuple[str, ...]) -> FieldCases:
    invalid: tuple[str, ...] = (
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
    invalid += ("1e999999999", "true", "false", *OBJECTS, *(json.dumps(text) for text in HOSTILE))
    invalid += _texts(
        "100000000.00", "79.999", "1e400", "NaN", "sNaN", "Infinity", "-Infinity", "", " ", "79,99", "0x10"
    )
    invalid += _texts("1_000", "\u0661", "７９", "$5", "5 EUR", "1" * 50, "--1", "\x00")
    return FieldCases(
        (*valid, "79.9", "79.99", '"79.99"', '"79"', "7999e-2", "79.990", "99999999.99"), (*invalid, *low)
    )


PRICE = _amount("0.01", '"0.01"', low=("0", "0.00", "-0", '"0"', "-0.01", '"-0.01"', "-79.99"))
BALANCE = _amount("0", '"0.00"', low=("-0.01", '"-0.01"', "-79.99"))
FLAG = FieldCases(("true", "false"), ("0", "1", "1.0", '"true"', '"false"', '""', '"yes"', *OBJECTS))


def choice(*words: str) -> FieldCases:
    """One of these words."""
    invalid = _texts("", words[0].upper(), f" {words[0]}", f"{words[0]}\x00", "$ne", *HOSTILE)
    return FieldCases(_texts(*words), (*invalid, "0", "1", "true", *OBJECTS))


TAGS = FieldCases(
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


def lines(first: int, second: int) -> FieldCases:
    """The lines of an order."""
    line = {"product_id": first, "quantity": 1}
    valid = ([line] * 100, [line, {"product_id": second, "quantity": 1}])
    invalid: tuple[object, ...] = (
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
    return FieldCases(tuple(map(json.dumps, valid)), tuple(map(json.dumps, invalid)))
