"""Accounts and transfers."""

from conformance.fuzz.model.bodies import Field, draft
from conformance.fuzz.model.checks import ID, PRICE, money_amount
from conformance.fuzz.model.lists import LIST_PARAMETERS, list_page
from conformance.fuzz.model.requests import Parameter, Request, Route, integer_text
from conformance.fuzz.model.responses import Problem, Response
from conformance.fuzz.model.shop import ShopModel, to_json
from conformance.fuzz.model.values import MAX_ID, MAX_PRICE, MAX_TOTAL, format_money, format_time

_ACCOUNT = draft({"user_id": Field(ID), "balance": Field(money_amount(0, MAX_PRICE), 0)})
_DEPOSIT = draft({"amount": Field(PRICE)})
_TRANSFER = draft({"from_account_id": Field(ID), "to_account_id": Field(ID), "amount": Field(PRICE)})


def _open(shop: ShopModel, request: Request) -> Response:
    shop.check_references({"user_id": "user"}, [request.body])
    return Response(201, to_json(shop.add("account", request.body)))


def _get(shop: ShopModel, request: Request) -> Response:
    return Response(200, to_json(shop.find("account", request.id)))


def _list(shop: ShopModel, request: Request) -> Response:
    same = {"user_id": request.query["user_id"]} if request.query["user_id"] is not None else {}
    return list_page(shop, request, shop.select("account", **same), [], to_json)


def _close(shop: ShopModel, request: Request) -> Response:
    account = shop.find("account", request.id)
    if account["balance"]:
        detail = "An account can be closed only at a balance of 0. Move its money to another account first."
        raise Problem(409, "account-not-empty", "Account is not empty", detail)
    del shop.rows["account"][account["id"]]
    return Response(204)


def _deposit(shop: ShopModel, request: Request) -> Response:
    account = shop.find("account", request.id)
    return Response(200, to_json(shop.change(account, {"balance": _raised_balance(account["balance"], request)})))


def _raised_balance(balance: int, request: Request) -> int:
    raised: int = balance + request.body["amount"]
    if raised > MAX_TOTAL:
        detail = f"The balance cannot exceed {format_money(MAX_TOTAL)}."
        errors = [("amount", detail, "amount-limit")]
        raise Problem(400, "amount-limit", "Amount exceeds its limit", detail, errors)
    return raised


def _transfer(shop: ShopModel, request: Request) -> Response:
    wanted = request.body
    if wanted["from_account_id"] == wanted["to_account_id"]:
        errors = [("to_account_id", "Must differ from from_account_id.", "same-account")]
        detail = "Money cannot be moved from an account to itself."
        raise Problem(400, "same-account", "Both accounts are the same", detail, errors)
    shop.check_references({"from_account_id": "account", "to_account_id": "account"}, [wanted])
    source, target = (shop.rows["account"][wanted[name]] for name in ("from_account_id", "to_account_id"))
    if source["balance"] < wanted["amount"]:
        errors = [("amount", "Exceeds the balance of the account.", "insufficient-funds")]
        detail = "The account does not hold that much."
        raise Problem(400, "insufficient-funds", "Insufficient funds", detail, errors)
    raised = _raised_balance(target["balance"], request)
    shop.change(source, {"balance": source["balance"] - wanted["amount"]})
    shop.change(target, {"balance": raised})
    row = wanted | {"status": "completed", "created_at": format_time(shop.now)}
    return Response(201, to_json(shop.put("transfer", row)))


def _transfers(shop: ShopModel, request: Request) -> Response:
    rows = [row for row in shop.select("transfer") if request.id in (row["from_account_id"], row["to_account_id"])]
    page = list_page(shop, request, rows, [])
    if page.status == 200 and not page.body["items"]:
        shop.find("account", request.id)
    return page


ROUTES = (
    Route("POST", "/accounts", _open, _ACCOUNT),
    Route("POST", "/accounts/transfers", _transfer, _TRANSFER),
    Route("GET", "/accounts", _list, query={**LIST_PARAMETERS, "user_id": Parameter(integer_text(1, MAX_ID))}),
    Route("GET", "/accounts/{id}", _get),
    Route("DELETE", "/accounts/{id}", _close),
    Route("POST", "/accounts/{id}/deposit", _deposit, _DEPOSIT),
    Route("GET", "/accounts/{id}/transfers", _transfers, query=LIST_PARAMETERS),
)
