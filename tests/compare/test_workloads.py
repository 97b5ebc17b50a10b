"""Workloads and their shares of operations."""

from typing import Any

import pytest

from compare.operations import OPERATIONS, WorkloadMix
from compare.population import ChoiceDistribution, Customer, Population
from compare.workloads import WORKLOADS, expand


@pytest.mark.parametrize("name", WORKLOADS)
def test_shares_of_a_workload_add_up_to_one(name: str) -> None:
    assert sum(expand(name, WORKLOADS).values()) == pytest.approx(1)


def test_mixed_contains_every_operation() -> None:
    mixed = expand("mixed", WORKLOADS)
    assert set(mixed) == set(OPERATIONS)
    assert mixed["product"] == pytest.approx(0.8 * 0.5)
    assert mixed["place_order"] == pytest.approx(0.15 * 0.6)


def test_weights_change_and_add_workloads() -> None:
    given = {**WORKLOADS, "mixed": {"browse": 1.0, "checkout": 3.0}, "mine": {"search": 2.0, "write": 0.0}}
    assert expand("mixed", given)["cancel"] == pytest.approx(0.75 * 0.1)
    assert expand("mine", given) == {"search": 1.0}
    assert expand("pay", given) == {"pay": 1.0}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": {"b": 1.0}, "b": {"a": 1.0}}, "'a' is made of itself"),
        ({"a": {"product": 0.0}}, "'a' is made of nothing"),
        ({"a": {}}, "'a' is made of nothing"),
        ({"a": {"steal": 1.0}}, "no workload or operation 'steal'"),
    ],
)
def test_invalid_weights_are_an_error(weights: dict[str, dict[str, float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expand("a", weights)


def test_customer_without_unpaid_order_places_one() -> None:
    items: Any = [1, 2]
    distribution = ChoiceDistribution(Population(items, items, items, items, items), 1.0, 1)
    customer = Customer(distribution, "customer")
    mix = WorkloadMix({"pay": 0.5, "cancel": 0.5})
    assert {mix.choose(customer) for _ in range(50)} == {"place_order"}
    customer.unpaid.append((1, 100))
    assert {mix.choose(customer) for _ in range(50)} == {"pay", "cancel"}
