"""Orders and their payments."""

from collections import Counter

from conformance.fuzz.model.answers import Answer, Refusal
from conformance.fuzz.model.asking import MANDATORY, Given, Parameter, Route, number
from conformance.fuzz.model.bodies import Field, draft, optional
from conformance.fuzz.model.checks import ID, PRICE, many, one_of, text, whole
from conformance.fuzz.model.lists import SORTED, listing
from conformance.fuzz.model.shop import Row, Shop, shown
from conformance.fuzz.model.values import MAX_ID, MAX_STOCK, MAX_TOTAL, money

_STATUSES = {
    "pending": ("confirmed", "cancelled"),
    "confirmed": ("shipped", "cancelled"),
    "shipped": ("delivered",),
    "delivered": (),
    "cancelled": (),
}
"""From each status, those that follow."""

_STATUS = one_of(*_STATUSES)
_LINE = draft({"product_id": Field(ID), "quantity": Field(whole(1, MAX_STOCK))})
_ORDER = draft({"user_id": Field(ID), "items": Field(many(_LINE, 1, 100)), "shipping_address": optional(text(0, 500))})
_PAYMENT = draft({"amount": Field(PRICE), "method": Field(text(1, 50)), "reference": optional(text(0, 255))})

_TITLES = {
    "unknown-reference": "Unknown reference",
    "inactive-product": "Product is not for sale",
    "insufficient-stock": "Insufficient stock",
}


def _place(shop: Shop, given: Given) -> Answer:
    return Answer(201, _shown(_order(shop, given.body)))


def _place_and_notify(shop: Shop, given: Given) -> Answer:
    order = _order(shop, given.body)
    message = f"Your order {order['order_number']} over {money(order['total_amount'])} has been placed."
    shop.add_hidden(
        "notification", {"user_id": order["user_id"], "order_id": order["id"], "message": message, "is_read": False}
    )
    return Answer(201, _shown(order))


def _order(shop: Shop, draft: Row) -> Row:
    wanted = _pieces(draft["items"])
    _check_lines(shop, draft["items"], wanted)
    items = [_item(line, shop.rows["product"][line["product_id"]]) for line in draft["items"]]
    total = sum(item["total_price"] for item in items)
    if total > MAX_TOTAL:
        raise Refusal(400, "amount-limit", "Amount exceeds its limit", f"The total cannot exceed {money(MAX_TOTAL)}.")
    shop.require({"user_id": "user"}, [draft])
    for key, quantity in wanted.items():
        product = shop.rows["product"][key]
        shop.change(product, {"stock_quantity": product["stock_quantity"] - quantity})
    chosen = {"user_id": draft["user_id"], "shipping_address": draft["shipping_address"], "items": items}
    number = shop.order_number()
    return shop.add("order", {"order_number": number, "status": "pending", "total_amount": total} | chosen)


def _pieces(lines: list[Row]) -> Counter[int]:
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line["product_id"]] += line["quantity"]
    return wanted


def _item(line: Row, product: Row) -> Row:
    price = product["price"]
    return line | {"unit_price": price, "total_price": price * line["quantity"]}


def _check_lines(shop: Shop, lines: list[Row], wanted: Counter[int]) -> None:
    errors = []
    for index, line in enumerate(lines):
        key = line["product_id"]
        product = shop.rows["product"].get(key)
        if product is None:
            errors.append((f"items.{index}.product_id", f"There is no product {key}.", "unknown-reference"))
        elif not product["is_active"]:
            errors.append((f"items.{index}.product_id", f"Product {key} is not for sale.", "inactive-product"))
        elif product["stock_quantity"] < wanted[key]:
            message = f"Product {key} has {product['stock_quantity']} in stock, {wanted[key]} are wanted."
            errors.append((f"items.{index}.quantity", message, "insufficient-stock"))
    if errors:
        _, message, code = errors[0]
        raise Refusal(400, code, _TITLES[code], f"The order cannot be placed. {message}", errors)


def _shown(order: Row) -> Row:
    return shown(order) | {"items": [shown(item) for item in order["items"]]}


def _summary(order: Row) -> Row:
    return {name: value for name, value in shown(order).items() if name != "items"}


def _list(shop: Shop, given: Given) -> Answer:
    same = {name: given.query[name] for name in ("status", "user_id") if given.query[name] is not None}
    return listing(shop, given, shop.where("order", **same), ["total_amount"], _summary)


def _of_user(shop: Shop, given: Given) -> Answer:
    key = given.path["user_id"]
    page = listing(shop, given, shop.where("order", user_id=key), ["total_amount"], _summary)
    if page.status == 200 and not page.body["items"]:
        shop.find("user", key)
    return page


def _stats(shop: Shop, _: Given) -> Answer:
    orders = shop.where("order")
    counts = Counter(order["status"] for order in orders)
    revenue = sum(order["total_amount"] for order in orders if order["status"] != "cancelled")
    by_status = {status: counts[status] for status in _STATUSES}
    return Answer(200, {"total_orders": len(orders), "total_revenue": money(revenue), "orders_by_status": by_status})


def _get(shop: Shop, given: Given) -> Answer:
    return Answer(200, _shown(shop.find("order", given.id)))


def _details(shop: Shop, given: Given) -> Answer:
    order = shop.find("order", given.id)
    items = [shown(item) | {"product": shown(shop.rows["product"][item["product_id"]])} for item in order["items"]]
    return Answer(200, _summary(order) | {"user": dict(shop.rows["user"][order["user_id"]]), "items": items})


def _change_status(shop: Shop, given: Given) -> Answer:
    order, status = shop.find("order", given.id), given.query["new_status"]
    if status not in _STATUSES[order["status"]]:
        errors = [("new_status", f"Does not follow {order['status']}.", "invalid-transition")]
        detail = f"An order cannot change from {order['status']} to {status}."
        raise Refusal(400, "invalid-transition", "Invalid status transition", detail, errors)
    if status == "cancelled":
        _restock(shop, order)
    shop.change(order, {"status": status})
    return Answer(200, {"order_id": order["id"], "new_status": status})


def _restock(shop: Shop, order: Row) -> None:
    stocks = {
        key: shop.rows["product"][key]["stock_quantity"] + quantity
        for key, quantity in sorted(_pieces(order["items"]).items())
    }
    for key, stock in stocks.items():
        if stock > MAX_STOCK:
            detail = f"The stock of product {key} cannot exceed {MAX_STOCK}."
            raise Refusal(400, "stock-limit", "Stock would exceed its limit", detail)
    for key, stock in stocks.items():
        shop.change(shop.rows["product"][key], {"stock_quantity": stock})


def _pay(shop: Shop, given: Given) -> Answer:
    order = shop.find("order", given.id)
    if order["status"] != "pending":
        detail = f"Only a pending order can be paid; this one is {order['status']}."
        raise Refusal(400, "invalid-transition", "Invalid status transition", detail)
    if given.body["amount"] != order["total_amount"]:
        errors = [("amount", f"Must be {money(order['total_amount'])}.", "amount-mismatch")]
        detail = "The amount must equal the order's total."
        raise Refusal(400, "amount-mismatch", "Amount does not match", detail, errors)
    shop.change(order, {"status": "confirmed"})
    return Answer(201, shown(shop.add("payment", {"order_id": order["id"]} | given.body | {"status": "completed"})))


ROUTES = (
    Route("POST", "/orders", _place, _ORDER),
    Route("POST", "/orders/with-notifications", _place_and_notify, _ORDER),
    Route(
        "GET",
        "/orders",
        _list,
        query={**SORTED, "status": Parameter(_STATUS), "user_id": Parameter(number(1, MAX_ID))},
    ),
    Route("GET", "/orders/stats/summary", _stats),
    Route("GET", "/orders/user/{user_id}", _of_user, query=SORTED),
    Route("GET", "/orders/{id}", _get),
    Route("GET", "/orders/{id}/details", _details),
    Route("PATCH", "/orders/{id}/status", _change_status, query={"new_status": Parameter(_STATUS, MANDATORY)}),
    Route("POST", "/orders/{id}/payments", _pay, _PAYMENT),
)
