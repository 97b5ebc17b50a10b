"""Money: parsing, formatting and means are exact."""

import math
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import MAX_PRICE, MAX_TOTAL, mean, parse, to_json

MINOR = st.integers(0, MAX_TOTAL)


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        (79.99, 7999),
        ("79.99", 7999),
        (Decimal("79.99"), 7999),
        (80, 8000),
        ("80", 8000),
        ("80.5", 8050),
        ("0.01", 1),
        (0.01, 1),
        (Decimal("1.10000"), 110),
        (0.1, 10),
        (1.1, 110),
        (Decimal("1e2"), 10_000),
        ("99999999.99", MAX_PRICE),
        (99999999.99, MAX_PRICE),
        (-1.5, -150),
        (0, 0),
    ],
)
def test_amount_is_parsed_exactly(value: object, minor: int) -> None:
    assert parse(value) == minor


@pytest.mark.parametrize("value", ["79.999", 79.999, 0.001, Decimal("0.001"), "1e-3", Decimal("1e-400"), 0.1 + 0.2])
def test_more_than_two_decimals_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="two decimals"):
        parse(value)


@pytest.mark.parametrize("value", ["", "abc", "1,50", "1.2.3", "$1", "1_000", "١٢", "٫", "0x10", "1" * 41, "--1"])
def test_text_that_is_not_a_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="decimal number"):
        parse(value)


@pytest.mark.parametrize("value", [True, False, None, [], {}, b"1", 1j])
def test_other_type_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="number or a string"):
        parse(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "NaN", "sNaN", "Infinity", "-inf", Decimal("nan")])
def test_infinity_and_nan_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="finite"):
        parse(value)


@pytest.mark.parametrize("value", [10**15, "1e400", Decimal("1e400"), Decimal("-1e999999"), 1e300, "9" * 40])
def test_too_large_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="too large"):
        parse(value)


@given(MINOR)
def test_amount_survives_a_round_trip(minor: int) -> None:
    assert parse(to_json(minor)) == minor
    assert parse(Decimal(to_json(minor))) == minor


@given(st.integers(0, MAX_PRICE))
def test_float_price_is_parsed_as_written(minor: int) -> None:
    assert parse(float(to_json(minor))) == minor


@given(MINOR)
def test_json_has_exactly_two_decimals(minor: int) -> None:
    whole, point, cents = to_json(minor).partition(".")
    assert (point, len(cents)) == (".", 2)
    assert int(whole + cents) == minor
    assert whole == str(int(whole))


@pytest.mark.parametrize(
    ("total", "count", "rounded"), [(5, 2, 2), (7, 2, 4), (1, 3, 0), (2, 3, 1), (0, 7, 0), (25, 10, 2), (35, 10, 4)]
)
def test_mean_is_rounded_half_to_even(total: int, count: int, rounded: int) -> None:
    assert mean(total, count) == rounded


@given(st.integers(0, MAX_TOTAL * 1000), st.integers(1, 10**6))
def test_mean_equals_that_of_fractions(total: int, count: int) -> None:
    assert mean(total, count) == round(Fraction(total, count))


@given(st.integers(0, MAX_TOTAL), st.sampled_from([2, 4, 8, 10, 20, 40, 1000]))
def test_mean_equals_that_of_decimals(total: int, count: int) -> None:
    with localcontext(prec=60):
        exact = (Decimal(total) / count).quantize(Decimal(1), ROUND_HALF_EVEN)
    assert mean(total, count) == exact
