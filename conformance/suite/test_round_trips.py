"""Round trips to the database: each endpoint within its budget, and as many for a hundred rows as for ten."""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx2
from fastapi import FastAPI

from conformance.scene import Scene
from conformance.shop import Shop
from conformance.suite.budget import BULK, ROWS

Trips = Callable[[], AbstractContextManager[list[str]]]


async def test_endpoints_stay_within_round_trip_budget(client: httpx2.AsyncClient, trips: Trips) -> None:
    shop = Shop(client)
    few = await measured(await Scene.of(shop, 10), trips)
    many = await measured(await Scene.of(shop, 100), trips)
    grown = [f"{name}: {few[name]}, then {many[name]}" for name in few if len(few[name]) != len(many[name])]
    assert not grown, "\n".join(grown)
    dear = [f"{row.name}: {row.most} allowed: {few[row.name]}" for row in ROWS if len(few[row.name]) > row.most]
    assert not dear, "\n".join(dear)


async def test_bulk_round_trips_are_independent_of_size(client: httpx2.AsyncClient, trips: Trips) -> None:
    shop = Shop(client)
    for path, make in (("/users/bulk", shop.registration), ("/products/bulk", shop.draft)):
        made = []
        for size in (100, 1000):
            with trips() as counted:
                await shop.post(path, [make() for _ in range(size)])
            made.append(counted)
        assert len(made[0]) == len(made[1]) <= BULK, made


async def test_every_operation_has_a_budget(app: FastAPI) -> None:
    document = {f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods}
    assert document == {row.operation for row in ROWS}


async def measured(scene: Scene, trips: Trips) -> dict[str, list[str]]:
    """The round trips of every row of the budget."""
    made = {}
    for row in ROWS:
        asked = row.ask(scene)
        url, body = await asked if inspect.isawaitable(asked) else asked
        method = row.operation.partition(" ")[0]
        with trips() as counted:
            answer = await scene.shop.client.request(method, url, json=body)
        assert answer.is_success, f"{row.name}: {answer.text}"
        made[row.name] = counted
    return made
