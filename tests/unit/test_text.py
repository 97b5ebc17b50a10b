"""Text: cleaning, folding, search keys and slugs."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import FIELD_SEPARATOR, clean, derive_slug, fold, free_slug, search_key, search_term, slug_range

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
DIFFICULT = "İıſKÅßẞﬁﬀŉǰΐΰ\u0345ΑᾳᾼςσΣµμﾊﾟ㎏½²ªⅷ①ℌ\u00ad\u200d\u034f\u1e9e\u0130\ufdfa한각가\u0307\u0323é"
DIFFICULT_TEXT = st.text(st.sampled_from(DIFFICULT + "aeiou"), max_size=12)
ASSIGNED = [
    chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")
]


# Cleaning


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("  Café \n", "Café"),
        ("Cafe\u0301", "Café"),
        ("\u00a0\u3000\u2003wide\u2028", "wide"),
        ("a  b", "a  b"),
        ("🎧 😀", "🎧 😀"),
        ("שלום", "שלום"),
        ("q\u0323\u0307", "q\u0323\u0307"),
        ("ﬁ", "ﬁ"),
        ("\u212b", "Å"),
        ("", ""),
        ("\u200b", "\u200b"),
    ],
)
def test_clean_composes_and_strips(given: str, stored: str) -> None:
    assert clean(given) == stored


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "a\x00"])
def test_nul_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        clean(text)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ude00\ud83d"])
def test_lone_surrogates_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="surrogates"):
        clean(text)


@given(ANY)
def test_clean_is_idempotent(text: str) -> None:
    if "\x00" not in text:
        once = clean(text)
        assert clean(once) == once == unicodedata.normalize("NFC", once)


# Folding


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("John", "JOHN"),
        ("straße", "STRASSE"),
        ("straße", "STRAẞE"),
        ("ﬁn", "FIN"),
        ("ΟΔΟΣ", "οδος"),
        ("οδος", "οδοσ"),
        ("é", "E\u0301"),
        ("Å", "\u212b"),
        ("K", "\u212a"),
        ("ſ", "S"),
        ("①", "1"),
        ("Ａ１", "a1"),
        ("µ", "Μ"),
        ("ᾼ", "ᾳ"),
        ("\u0345", "ι"),
        ("각", "\u1100\u1161\u11a8"),
        ("ŉ", "ʼN"),
    ],
)
def test_equal_under_folding(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("e", "é"), ("I", "ı"), ("i", "İ"), ("a", "a "), ("o", "ø"), ("ö", "oe")])
def test_different_under_folding(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_folding_of_every_character_is_stable() -> None:
    unstable = [char for char in ASSIGNED if (folded := fold(char)) != char and fold(folded) != folded]
    assert unstable == []


def test_character_folds_like_its_upper_and_lower_case() -> None:
    """Except for the dotless i and the dotted I, which are case variants of I and i in Turkic languages only."""
    differ = [char for char in ASSIGNED if len({fold(char), fold(char.upper()), fold(char.lower())}) > 1]
    assert set(differ) <= {"ı", "İ", "I", "i"}


@given(DIFFICULT_TEXT | ANY)
def test_folding_is_stable(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded == unicodedata.normalize("NFKC", folded)


@given(DIFFICULT_TEXT | ANY, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_folding_ignores_the_composition(text: str, form: str) -> None:
    assert fold(unicodedata.normalize(form, text)) == fold(text)  # type: ignore[arg-type]


# Searching


@given(st.lists(ANY, min_size=1, max_size=3), ANY)
def test_query_matches_key_exactly_if_it_matches_a_field(fields: list[str], query: str) -> None:
    term = search_term(query)
    assert (term in search_key(*fields)) == any(term in search_term(field) for field in fields)


@given(DIFFICULT_TEXT, DIFFICULT_TEXT, st.data())
def test_every_word_of_a_text_finds_it(before: str, word: str, data: st.DataObject) -> None:
    key = search_key(f"{before} {word} {before}")
    query = data.draw(st.sampled_from([word, fold(word), unicodedata.normalize("NFD", word)]))
    assert search_term(f" {query} ") in key


def test_no_query_spans_two_fields() -> None:
    assert search_term("ab") not in search_key("a", "b")
    assert search_term(f"a{FIELD_SEPARATOR}b") not in search_key("a", "b")


def test_separator_is_removed_from_text_and_query() -> None:
    assert search_term(f"a{FIELD_SEPARATOR}b") == "ab"
    assert search_key(f"a{FIELD_SEPARATOR}b") == "ab"
    assert search_term(FIELD_SEPARATOR) == ""


def test_missing_field_equals_an_empty_one() -> None:
    assert search_key("a", None) == search_key("a", "")


# Slugs


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Wireless Headphones", "wireless-headphones"),
        ("  Café & Crème!  ", "cafe-creme"),
        ("Straße", "strasse"),
        ("100 %", "100"),
        ("🎧", "product"),
        ("...", "product"),
        ("a" * 300, "a" * 200),
    ],
)
def test_slug_is_derived(name: str, slug: str) -> None:
    assert derive_slug(name, "product") == slug


@given(st.text(max_size=250))
def test_derived_slug_is_ascii_words_and_hyphens(name: str) -> None:
    slug = derive_slug(name, "thing")
    assert 1 <= len(slug) <= 200
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug == slug.strip("-")


@given(st.text("ab-.z0", max_size=4), st.text("ab-.z0", max_size=6))
def test_slug_range_holds_numbered_variants_only(base: str, other: str) -> None:
    low, high = slug_range(base)
    inside = low <= other < high
    assert inside == (other == base or other.startswith(f"{base}-"))


def test_free_slug_is_unchanged() -> None:
    assert free_slug("a", {"b", "a-2"}, {}) == "a"


def test_taken_slug_gets_the_first_free_number() -> None:
    assert free_slug("a", {"a"}, {}) == "a-2"
    assert free_slug("a", {"a", "a-2", "a-3", "a-5"}, {}) == "a-4"


def test_thousand_equal_names_get_distinct_slugs() -> None:
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for _ in range(1000):
        taken.add(free_slug("a", taken, numbers))
    assert taken == {"a", *(f"a-{number}" for number in range(2, 1001))}
