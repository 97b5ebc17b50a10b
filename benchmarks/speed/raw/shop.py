"""The endpoints, on a driver."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, Protocol

import orjson
from fastapi import Body, FastAPI, Path, Query, Request, Response

from benchmarks.speed.raw.models import MAX_ID, OrderIn, Position, ProductIn, RequestError, cursor_of, position_of

Products = list[dict[str, Any]]


class Database(Protocol):
    """The hand-written queries of a driver; results are ready for JSON."""

    async def get_product(self, id: int) -> dict[str, Any] | None:
        """One product."""
        ...

    async def list_products(self, after: Position | None, limit: int) -> Products:
        """The newest first, after a position."""
        ...

    async def place_order(self, order: OrderIn) -> dict[str, Any]:
        """Check, take the stock, store."""
        ...

    async def add_products(self, products: list[ProductIn]) -> Products:
        """All or none."""
        ...

    async def prune(self, products: int) -> None:
        """Not an endpoint: delete every order, and the products with higher ids, after a measurement."""
        ...


OpenedDatabase = AbstractAsyncContextManager[Database]


def make_app(open_database: Callable[[], OpenedDatabase]) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_database() as database:
            app.state.database = database
            yield

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(RequestError)
    async def handle_error(_: Request, error: RequestError) -> Response:
        return json_response({"detail": error.detail}, error.status)

    @app.get("/products/{id}")
    async def get_product(id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> Response:
        found = await app.state.database.get_product(id)
        if found is None:
            raise RequestError(404, f"There is no product {id}.")
        return json_response(found)

    @app.get("/products")
    async def list_products(cursor: str, page_size: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
        found = await app.state.database.list_products(position_of(cursor) if cursor else None, page_size + 1)
        more, items = len(found) > page_size, found[:page_size]
        return json_response(
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
    async def place(order: OrderIn) -> Response:
        return json_response(await app.state.database.place_order(order), 201)

    @app.post("/products/bulk")
    async def add_products(products: Annotated[list[ProductIn], Body(min_length=1, max_length=1000)]) -> Response:
        return json_response(await app.state.database.add_products(products), 201)

    return app


def json_response(value: Any, status: int = 200) -> Response:
    """Serialized once, to bytes."""
    return Response(orjson.dumps(value), status, media_type="application/json")
