"""Round trips to the database: within the budget of each endpoint, and independent of the number of rows."""

import inspect

import httpx2
from fastapi import FastAPI

from conformance.dataset import Dataset
from conformance.fixtures import RoundTrips
from conformance.shop import Shop
from conformance.suite.budget import BUDGETS, BULK


async def test_endpoints_stay_within_round_trip_budget(client: httpx2.AsyncClient, round_trips: RoundTrips) -> None:
    shop = Shop(client)
    few = await measure(await Dataset.create(shop, 10), round_trips)
    many = await measure(await Dataset.create(shop, 100), round_trips)
    growing = [f"{name}: {few[name]}, then {many[name]}" for name in few if len(few[name]) != len(many[name])]
    assert not growing, "\n".join(growing)
    over_budget = [
        f"{budget.name}: {budget.limit} allowed: {few[budget.name]}"
        for budget in BUDGETS
        if len(few[budget.name]) > budget.limit
    ]
    assert not over_budget, "\n".join(over_budget)


async def test_bulk_round_trips_are_independent_of_size(client: httpx2.AsyncClient, round_trips: RoundTrips) -> None:
    shop = Shop(client)
    for path, make in (("/users/bulk", shop.registration), ("/products/bulk", shop.draft)):
        made = []
        for size in (100, 1000):
            with round_trips() as trips:
                await shop.post(path, [make() for _ in range(size)])
            made.append(trips)
        assert len(made[0]) == len(made[1]) <= BULK, made


async def test_every_operation_has_a_budget(app: FastAPI) -> None:
    document = {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}
    assert document == {budget.operation for budget in BUDGETS}


async def measure(dataset: Dataset, round_trips: RoundTrips) -> dict[str, list[str]]:
    """The round trips of every budget's request."""
    made = {}
    for budget in BUDGETS:
        request = budget.make_request(dataset)
        url, body = await request if inspect.isawaitable(request) else request
        method = budget.operation.partition(" ")[0]
        with round_trips() as trips:
            response = await dataset.shop.client.request(method, url, json=body)
        assert response.is_success, f"{budget.name}: {response.text}"
        made[budget.name] = trips
    return made
