"""The endpoints, over a driver."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, Protocol

import orjson
from fastapi import Body, FastAPI, Path, Query, Request, Response

from benchmarks.speed.raw.models import MAX_ID, OrderIn, Position, ProductIn, Refused, cursor_of, position_of

Products = list[dict[str, Any]]


class Database(Protocol):
    """What is written by hand for each driver; answers are ready to become JSON."""

    async def product(self, id: int) -> dict[str, Any] | None:
        """One product."""
        ...

    async def products(self, after: Position | None, limit: int) -> Products:
        """The newest first, behind a position."""
        ...

    async def place(self, order: OrderIn) -> dict[str, Any]:
        """Check, take the stock, store."""
        ...

    async def add(self, products: list[ProductIn]) -> Products:
        """All or none."""
        ...

    async def prune(self, products: int) -> None:
        """Not an endpoint: remove every order, and the products with higher ids than that, after a measurement."""
        ...


Opened = AbstractAsyncContextManager[Database]


def shop(opened: Callable[[], Opened]) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened() as database:
            app.state.database = database
            yield

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(Refused)
    async def refuse(_: Request, refused: Refused) -> Response:
        return json({"detail": refused.detail}, refused.status)

    @app.get("/products/{id}")
    async def get_product(id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> Response:
        found = await app.state.database.product(id)
        if found is None:
            raise Refused(404, f"There is no product {id}.")
        return json(found)

    @app.get("/products")
    async def list_products(cursor: str, page_size: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
        found = await app.state.database.products(position_of(cursor) if cursor else None, page_size + 1)
        more, items = len(found) > page_size, found[:page_size]
        return json(
            {
                "items": items,
                "total": None,
                "page": None,
                "page_size": page_size,
                "total_pages": None,
                "has_next": more,
                "has_previous": bool(cursor),
                "next_cursor": cursor_of(items[-1]) if more else None,
            }
        )

    @app.post("/orders")
    async def place_order(order: OrderIn) -> Response:
        return json(await app.state.database.place(order), 201)

    @app.post("/products/bulk")
    async def add_products(products: Annotated[list[ProductIn], Body(min_length=1, max_length=1000)]) -> Response:
        return json(await app.state.database.add(products), 201)

    return app


def json(value: Any, status: int = 200) -> Response:
    """Written once, straight to bytes."""
    return Response(orjson.dumps(value), status, media_type="application/json")
