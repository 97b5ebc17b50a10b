"""Payments and refunds."""

from conformance.fuzz.model.bodies import Field, draft, optional
from conformance.fuzz.model.checks import ID, PRICE, one_of, text
from conformance.fuzz.model.lists import LIST_PARAMETERS, list_page
from conformance.fuzz.model.requests import Parameter, Request, Route, integer_text
from conformance.fuzz.model.responses import Problem, Response
from conformance.fuzz.model.shop import Record, ShopModel, to_json
from conformance.fuzz.model.values import MAX_ID, MAX_TOTAL, format_money

_PAYMENT = draft(
    {
        "amount": Field(PRICE),
        "method": Field(text(1, 50)),
        "account_id": optional(ID),
        "reference": optional(text(0, 255)),
    }
)
_REFUND = draft({"amount": Field(PRICE)})
_STATUS = one_of("completed", "partially_refunded", "refunded")
_ID = Parameter(integer_text(1, MAX_ID))


def _pay(shop: ShopModel, request: Request) -> Response:
    body = request.body
    order = shop.find("order", request.id)
    if (body["method"] == "account") is (body["account_id"] is None):
        wanted = (
            "needed for the method account" if body["account_id"] is None else "allowed for the method account only"
        )
        errors = [("account_id", f"Is {wanted}.", "method-mismatch")]
        raise Problem(400, "method-mismatch", "Method and account do not match", f"account_id: Is {wanted}.", errors)
    if order["status"] != "pending":
        detail = f"Only a pending order can be paid; this one is {order['status']}."
        raise Problem(400, "invalid-transition", "Invalid status transition", detail)
    if body["amount"] != order["total_amount"]:
        errors = [("amount", f"Must be {format_money(order['total_amount'])}.", "amount-mismatch")]
        detail = "The amount must equal the order's total."
        raise Problem(400, "amount-mismatch", "Amount does not match", detail, errors)
    _debit(shop, body)
    shop.change(order, {"status": "confirmed"})
    values = {"order_id": order["id"], "refunded_amount": 0} | body | {"status": "completed"}
    return Response(201, to_json(shop.add("payment", values)))


def _debit(shop: ShopModel, body: Record) -> None:
    if body["account_id"] is None:
        return
    shop.check_references({"account_id": "account"}, [body])
    account = shop.rows["account"][body["account_id"]]
    if account["balance"] < body["amount"]:
        errors = [("amount", "Exceeds the balance of the account.", "insufficient-funds")]
        raise Problem(400, "insufficient-funds", "Insufficient funds", "The account does not hold that much.", errors)
    shop.change(account, {"balance": account["balance"] - body["amount"]})


def _refund(shop: ShopModel, request: Request) -> Response:
    payment, amount = shop.find("payment", request.id), request.body["amount"]
    left = payment["amount"] - payment["refunded_amount"]
    if amount > left:
        detail = f"At most {format_money(left)} can be refunded."
        errors = [("amount", detail, "refund-limit")]
        raise Problem(400, "refund-limit", "Refund exceeds the payment", detail, errors)
    _check_credit(shop, payment, amount)
    return Response(201, to_json(_give_back(shop, payment, amount)))


def refund_order(shop: ShopModel, order: Record, *, only_open: bool = False) -> None:
    """Give back what is left of an order's payments, or of those whose account is still open."""
    for payment in shop.select("payment", order_id=order["id"]):
        left = payment["amount"] - payment["refunded_amount"]
        if left and not (only_open and payment["account_id"] not in shop.rows["account"]):
            _check_credit(shop, payment, left)
            _give_back(shop, payment, left)


def _check_credit(shop: ShopModel, payment: Record, amount: int) -> None:
    key = payment["account_id"]
    if key is None:
        return
    if key not in shop.rows["account"]:
        detail = f"Account {key}, which paid, is closed: what it paid cannot be refunded to it."
        raise Problem(400, "account-closed", "Account is closed", detail)
    if shop.rows["account"][key]["balance"] + amount > MAX_TOTAL:
        detail = f"The balance cannot exceed {format_money(MAX_TOTAL)}."
        raise Problem(400, "amount-limit", "Amount exceeds its limit", detail, [("amount", detail, "amount-limit")])


def _give_back(shop: ShopModel, payment: Record, amount: int) -> Record:
    if payment["account_id"] is not None:
        account = shop.rows["account"][payment["account_id"]]
        shop.change(account, {"balance": account["balance"] + amount})
    total = payment["refunded_amount"] + amount
    status = "refunded" if total == payment["amount"] else "partially_refunded"
    return shop.change(payment, {"refunded_amount": total, "status": status})


def _list(shop: ShopModel, request: Request) -> Response:
    same = {name: request.query[name] for name in ("order_id", "account_id", "status")}
    given = {name: value for name, value in same.items() if value is not None}
    return list_page(shop, request, shop.select("payment", **given), [])


def _of_order(shop: ShopModel, request: Request) -> Response:
    page = list_page(shop, request, shop.select("payment", order_id=request.id), [])
    if page.status == 200 and not page.body["items"]:
        shop.find("order", request.id)
    return page


def _get(shop: ShopModel, request: Request) -> Response:
    return Response(200, to_json(shop.find("payment", request.id)))


ROUTES = (
    Route("POST", "/orders/{id}/payments", _pay, _PAYMENT),
    Route("GET", "/orders/{id}/payments", _of_order, query=LIST_PARAMETERS),
    Route(
        "GET",
        "/payments",
        _list,
        query={**LIST_PARAMETERS, "order_id": _ID, "account_id": _ID, "status": Parameter(_STATUS)},
    ),
    Route("GET", "/payments/{id}", _get),
    Route("POST", "/payments/{id}/refunds", _refund, _REFUND),
)
