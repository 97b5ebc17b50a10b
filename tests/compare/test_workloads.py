"""What workloads are made of."""

from typing import Any

import pytest

from compare.operations import OPERATIONS, Habit
from compare.population import Customer, Population, Tastes
from compare.workloads import WORKLOADS, expand


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_shares_of_a_workload_add_up_to_one(name: str) -> None:
    assert sum(expand(name, WORKLOADS).values()) == pytest.approx(1)


def test_mixed_is_made_of_the_others_and_so_of_everything() -> None:
    mixed = expand("mixed", WORKLOADS)
    assert set(mixed) == set(OPERATIONS)
    assert mixed["product"] == pytest.approx(0.8 * 0.5)
    assert mixed["place_order"] == pytest.approx(0.15 * 0.6)


def test_weights_can_be_changed_and_workloads_added() -> None:
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
def test_what_cannot_be_is_told(weights: dict[str, dict[str, float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expand("a", weights)


def test_who_has_no_order_that_could_be_paid_places_one() -> None:
    anything: Any = [1, 2]
    tastes = Tastes(Population(anything, anything, anything, anything, anything), 1.0, 1)
    customer = Customer(tastes, "somebody")
    habit = Habit({"pay": 0.5, "cancel": 0.5})
    assert {habit.next(customer) for _ in range(50)} == {"place_order"}
    customer.unpaid.append((1, 100))
    assert {habit.next(customer) for _ in range(50)} == {"pay", "cancel"}
