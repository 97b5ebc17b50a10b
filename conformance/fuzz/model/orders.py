"""Orders."""

from collections import Counter

from conformance.fuzz.model.bodies import Field, draft, optional, patch
from conformance.fuzz.model.checks import ID, array, integer, one_of, text
from conformance.fuzz.model.lists import LIST_PARAMETERS, list_page
from conformance.fuzz.model.payments import refund_order
from conformance.fuzz.model.requests import MANDATORY, Parameter, Request, Route, integer_text
from conformance.fuzz.model.responses import Problem, Response
from conformance.fuzz.model.shop import Record, ShopModel, to_json
from conformance.fuzz.model.values import MAX_ID, MAX_STOCK, MAX_TOTAL, format_money

_TRANSITIONS = {
    "pending": ("confirmed", "cancelled"),
    "confirmed": ("shipped", "cancelled"),
    "shipped": ("delivered",),
    "delivered": (),
    "cancelled": (),
}
"""The statuses that may follow each status."""

_STATUS = one_of(*_TRANSITIONS)
_LINE = draft({"product_id": Field(ID), "quantity": Field(integer(1, MAX_STOCK))})
_EDIT = patch({"items": Field(array(_LINE, 1, 100)), "shipping_address": optional(text(0, 500))})
_ORDER = draft({"user_id": Field(ID), "items": Field(array(_LINE, 1, 100)), "shipping_address": optional(text(0, 500))})

_TITLES = {
    "unknown-reference": "Unknown reference",
    "inactive-product": "Product is not for sale",
    "insufficient-stock": "Insufficient stock",
}


def _place(shop: ShopModel, request: Request) -> Response:
    return Response(201, _order_to_json(_order(shop, request.body)))


def _place_and_notify(shop: ShopModel, request: Request) -> Response:
    order = _order(shop, request.body)
    message = f"Your order {order['order_number']} over {format_money(order['total_amount'])} has been placed."
    shop.add_unseen(
        "notification", {"user_id": order["user_id"], "order_id": order["id"], "message": message, "is_read": False}
    )
    return Response(201, _order_to_json(order))


def _order(shop: ShopModel, draft: Record) -> Record:
    wanted = _quantities(draft["items"])
    _check_lines(shop, draft["items"], wanted, Counter())
    items = [_item(line, shop.rows["product"][line["product_id"]]) for line in draft["items"]]
    total = sum(item["total_price"] for item in items)
    _check_total(total)
    shop.check_references({"user_id": "user"}, [draft])
    for key, quantity in wanted.items():
        product = shop.rows["product"][key]
        shop.change(product, {"stock_quantity": product["stock_quantity"] - quantity})
    chosen = {"user_id": draft["user_id"], "shipping_address": draft["shipping_address"], "items": items}
    number = shop.order_number()
    return shop.add("order", {"order_number": number, "status": "pending", "total_amount": total} | chosen)


def _quantities(lines: list[Record]) -> Counter[int]:
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line["product_id"]] += line["quantity"]
    return wanted


def _item(line: Record, product: Record) -> Record:
    price = product["price"]
    return line | {"unit_price": price, "total_price": price * line["quantity"]}


def _edit(shop: ShopModel, request: Request) -> Response:
    order, changes = shop.find("order", request.id), dict(request.body)
    if order["status"] != "pending":
        detail = f"Only a pending order can be changed; this one is {order['status']}."
        raise Problem(400, "invalid-transition", "Invalid status transition", detail)
    if "items" in changes:
        changes |= _changed_lines(shop, order, changes["items"])
    return Response(200, _order_to_json(shop.change(order, changes)))


def _changed_lines(shop: ShopModel, order: Record, lines: list[Record]) -> Record:
    held, wanted = _quantities(order["items"]), _quantities(lines)
    _check_lines(shop, lines, wanted, held)
    stocks = {
        key: shop.rows["product"][key]["stock_quantity"] + held[key] - wanted[key] for key in sorted(held | wanted)
    }
    _check_stocks({key: stock for key, stock in stocks.items() if held[key] != wanted[key]})
    prices = {item["product_id"]: item["unit_price"] for item in order["items"]}
    items = []
    for line in lines:
        price = prices.get(line["product_id"], shop.rows["product"][line["product_id"]]["price"])
        items.append(line | {"unit_price": price, "total_price": price * line["quantity"]})
    total = sum(item["total_price"] for item in items)
    _check_total(total)
    for key, stock in stocks.items():
        shop.change(shop.rows["product"][key], {"stock_quantity": stock})
    return {"items": items, "total_amount": total}


def _check_total(total: int) -> None:
    if total > MAX_TOTAL:
        detail = f"The total cannot exceed {format_money(MAX_TOTAL)}."
        raise Problem(400, "amount-limit", "Amount exceeds its limit", detail)


def _check_lines(shop: ShopModel, lines: list[Record], wanted: Counter[int], held: Counter[int]) -> None:
    errors = []
    for index, line in enumerate(lines):
        key = line["product_id"]
        product = shop.rows["product"].get(key)
        if product is None:
            errors.append((f"items.{index}.product_id", f"There is no product {key}.", "unknown-reference"))
        elif not product["is_active"] and wanted[key] > held[key]:
            errors.append((f"items.{index}.product_id", f"Product {key} is not for sale.", "inactive-product"))
        elif product["stock_quantity"] + held[key] < wanted[key]:
            left = product["stock_quantity"] + held[key]
            message = f"Product {key} has {left} in stock, {wanted[key]} are wanted."
            errors.append((f"items.{index}.quantity", message, "insufficient-stock"))
    if errors:
        _, message, code = errors[0]
        raise Problem(400, code, _TITLES[code], f"The order cannot be placed. {message}", errors)


def _order_to_json(order: Record) -> Record:
    return to_json(order) | {"items": [to_json(item) for item in _numbered(order)]}


def _numbered(order: Record) -> list[Record]:
    return [item | {"id": order["id"] * 100 + place} for place, item in enumerate(order["items"])]


def _summary(order: Record) -> Record:
    return {name: value for name, value in to_json(order).items() if name != "items"}


def _list(shop: ShopModel, request: Request) -> Response:
    same = {name: request.query[name] for name in ("status", "user_id") if request.query[name] is not None}
    return list_page(shop, request, shop.select("order", **same), ["total_amount"], _summary)


def _of_user(shop: ShopModel, request: Request) -> Response:
    key = request.path["user_id"]
    page = list_page(shop, request, shop.select("order", user_id=key), ["total_amount"], _summary)
    if page.status == 200 and not page.body["items"]:
        shop.find("user", key)
    return page


def _stats(shop: ShopModel, request: Request) -> Response:
    key = request.query["user_id"]
    orders = shop.select("order") if key is None else shop.select("order", user_id=key)
    counts = Counter(order["status"] for order in orders)
    revenue = sum(order["total_amount"] for order in orders if order["status"] != "cancelled")
    by_status = {status: counts[status] for status in _TRANSITIONS}
    return Response(
        200, {"total_orders": len(orders), "total_revenue": format_money(revenue), "orders_by_status": by_status}
    )


def _get(shop: ShopModel, request: Request) -> Response:
    return Response(200, _order_to_json(shop.find("order", request.id)))


def _details(shop: ShopModel, request: Request) -> Response:
    order = shop.find("order", request.id)
    items = [
        to_json(item) | {"product": to_json(shop.rows["product"][item["product_id"]])} for item in _numbered(order)
    ]
    return Response(200, _summary(order) | {"user": dict(shop.rows["user"][order["user_id"]]), "items": items})


def _change_status(shop: ShopModel, request: Request) -> Response:
    order, status = shop.find("order", request.id), request.query["new_status"]
    if status not in _TRANSITIONS[order["status"]]:
        errors = [("new_status", f"Does not follow {order['status']}.", "invalid-transition")]
        detail = f"An order cannot change from {order['status']} to {status}."
        raise Problem(400, "invalid-transition", "Invalid status transition", detail, errors)
    if status == "cancelled":
        restock(shop, [order])
        refund_order(shop, order)
    shop.change(order, {"status": status})
    return Response(200, {"order_id": order["id"], "new_status": status})


def restock(shop: ShopModel, orders: list[Record]) -> None:
    """Put the pieces of orders back in stock."""
    wanted = _quantities([item for order in orders for item in order["items"]])
    stocks = {key: shop.rows["product"][key]["stock_quantity"] + quantity for key, quantity in sorted(wanted.items())}
    _check_stocks(stocks)
    for key, stock in stocks.items():
        shop.change(shop.rows["product"][key], {"stock_quantity": stock})


def _check_stocks(stocks: dict[int, int]) -> None:
    for key, stock in stocks.items():
        if stock > MAX_STOCK:
            detail = f"The stock of product {key} cannot exceed {MAX_STOCK}."
            raise Problem(400, "stock-limit", "Stock would exceed its limit", detail)


ROUTES = (
    Route("POST", "/orders", _place, _ORDER),
    Route("POST", "/orders/with-notifications", _place_and_notify, _ORDER),
    Route(
        "GET",
        "/orders",
        _list,
        query={**LIST_PARAMETERS, "status": Parameter(_STATUS), "user_id": Parameter(integer_text(1, MAX_ID))},
    ),
    Route("GET", "/orders/stats/summary", _stats, query={"user_id": Parameter(integer_text(1, MAX_ID))}),
    Route("GET", "/orders/user/{user_id}", _of_user, query=LIST_PARAMETERS),
    Route("GET", "/orders/{id}", _get),
    Route("PATCH", "/orders/{id}", _edit, _EDIT),
    Route("GET", "/orders/{id}/details", _details),
    Route("PATCH", "/orders/{id}/status", _change_status, query={"new_status": Parameter(_STATUS, MANDATORY)}),
)
