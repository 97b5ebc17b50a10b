"""Values for requests: few, so that they collide, and each difficult for some storage."""

from typing import Any

from hypothesis import strategies as st

Json = Any

NAMES = [
    "Lamp",
    "lamp",
    "LAMP",
    " Lamp ",
    "Lampe",
    "L\u00e4mp",
    "La\u0308mp",
    "Stra\u00dfe",
    "STRASSE",
    "\ufb01sh",
    "fish",
    "\u0130stanbul",
    "\u0131stanbul",
    "istanbul",
    "100% _off_",
    "1000 Xoff",
    "a.b*c[d]",
    'it\'s \\ "so"; --',
    "\U0001f600",
    "\ue000",
    "\uffee",
    "\u65e5\u672c",
    "\u05d0\u05d1\u05d2",
    "e\u0301",
    "\u00e9",
    "e",
    "E",
    "z",
    "Z",
    "_",
    "-",
    "$name",
    "@user1 ",
    "null",
    "0",
    "\u2126",
    "\u03a9",
    "\u03c3\u03c2",
    "\u03a3",
    "a\u200db",
    "\U0010ffffq",
]
"""Accents composed and decomposed, letters that fold to several, digits and signs with a meaning in some database, code
points before and after the surrogates, right-to-left script."""

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def _formatted(form: str) -> st.SearchStrategy[str]:
    return st.integers(0, 999).map(form.format)


names = st.sampled_from(NAMES) | st.text(CHARACTERS, min_size=1, max_size=12)
texts = st.none() | st.sampled_from(NAMES) | st.text(CHARACTERS, max_size=30) | st.just("long " * 100)
searches = st.one_of(
    st.sampled_from(["%", "_", "%o%", "\\", "a.b", "*", "[d]", "$", "'", "", " "]),
    st.sampled_from(
        ["l", "S", "ss", "\u00df", "\u0131", "fi", "\u00e4", "a\u0308", "e", "\u0301", "\U0001f600", "bob"]
    ),
    st.sampled_from(NAMES),
)
slugs = st.none() | st.none() | st.sampled_from(["lamp", "lamp-2", "LAMP", "l\u00e4mp", "product", "tag", "\U0001f600"])
usernames = st.sampled_from(["ada", "Ada", "ADA", "bob", "eve_1", "eve11", "x" * 50, "___"]) | _formatted("user_{}")
emails = _formatted("{}@example.com") | st.sampled_from(
    [
        "ada@example.com",
        "ADA@Example.COM",
        "bob@example.com",
        "stra\u00dfe@example.com",
        "STRASSE@example.com",
        "eve+1@b\u00fccher.example",
        "eve+1@xn--bcher-kva.example",
        "o'neill@example.com",
    ]
)
passwords = st.sampled_from(["SecurePass123", "Pass w0rd\u00e9 "])
maybe_flags = st.sampled_from([True, None, True, False])
skus = st.sampled_from(["A", "a", "A-1", "a-1", "A1", "B", "0", "-", "LONG" * 12]) | _formatted("S-{}")
prices = st.sampled_from(["0.01", "0.03", "1.00", "1.10", 2, 2.5, 0.07, "19.99", "99999999.99", "1e2"])
stocks = st.none() | st.sampled_from([0, 1, 2, 3, 5.0, 10, 2_147_483_646, 2_147_483_647])
quantities = st.sampled_from([1, 1, 1, 2, 3, 5, 2_147_483_647])
changes = st.sampled_from([1, -1, -2, 5, 0, -3.0, 2_147_483_647, -2_147_483_647])
balances = st.sampled_from([None, 0, "10.00", "0.01", "99999999.99"])
tags = st.lists(
    st.sampled_from(["News", "NEWS", "news", "stra\u00dfe", "STRASSE", "z", "\U0001f600", "\ufb01sh", " z "]),
    max_size=4,
)
waits = st.sampled_from([1, 1, 1, 1, 0, 0, 1000, 86_400_000, -1500])

INVALID_VALUES: list[Json] = [
    None,
    "",
    " ",
    "x" * 100_001,
    "a\x00b",
    "\ud800",
    0,
    -1,
    1.5,
    2**31,
    2**53,
    2**70,
    1e300,
    True,
    "1",
    "0.001",
    "NaN",
    "-1.00",
    "100000000.00",
    [],
    {},
    ["x"],
    "\ufdfa" * 20,
    "a b",
    "a@b",
    "@",
    "pending",
]
"""Replacements for a value; most are invalid there, and the model knows which."""
