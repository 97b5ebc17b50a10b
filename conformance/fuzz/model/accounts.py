"""Accounts and the transfers between them."""

from conformance.fuzz.model.answers import Answer, Refusal
from conformance.fuzz.model.asking import Given, Route
from conformance.fuzz.model.bodies import Field, draft
from conformance.fuzz.model.checks import ID, PRICE, amount
from conformance.fuzz.model.lists import SORTED, listing
from conformance.fuzz.model.shop import Shop, shown
from conformance.fuzz.model.values import MAX_PRICE, MAX_TOTAL, money, stamp

_ACCOUNT = draft({"user_id": Field(ID), "balance": Field(amount(0, MAX_PRICE), 0)})
_DEPOSIT = draft({"amount": Field(PRICE)})
_TRANSFER = draft({"from_account_id": Field(ID), "to_account_id": Field(ID), "amount": Field(PRICE)})


def _open(shop: Shop, given: Given) -> Answer:
    shop.require({"user_id": "user"}, [given.body])
    return Answer(201, shown(shop.add("account", given.body)))


def _get(shop: Shop, given: Given) -> Answer:
    return Answer(200, shown(shop.find("account", given.id)))


def _deposit(shop: Shop, given: Given) -> Answer:
    account = shop.find("account", given.id)
    return Answer(200, shown(shop.change(account, {"balance": _raised(account["balance"], given)})))


def _raised(balance: int, given: Given) -> int:
    raised: int = balance + given.body["amount"]
    if raised > MAX_TOTAL:
        detail = f"The balance cannot exceed {money(MAX_TOTAL)}."
        errors = [("amount", detail, "amount-limit")]
        raise Refusal(400, "amount-limit", "Amount exceeds its limit", detail, errors)
    return raised


def _transfer(shop: Shop, given: Given) -> Answer:
    wanted = given.body
    if wanted["from_account_id"] == wanted["to_account_id"]:
        errors = [("to_account_id", "Must differ from from_account_id.", "same-account")]
        detail = "Money cannot be moved from an account to itself."
        raise Refusal(400, "same-account", "Both accounts are the same", detail, errors)
    shop.require({"from_account_id": "account", "to_account_id": "account"}, [wanted])
    giver, taker = (shop.rows["account"][wanted[name]] for name in ("from_account_id", "to_account_id"))
    if giver["balance"] < wanted["amount"]:
        errors = [("amount", "Exceeds the balance of the account.", "insufficient-funds")]
        detail = "The account does not hold that much."
        raise Refusal(400, "insufficient-funds", "Insufficient funds", detail, errors)
    raised = _raised(taker["balance"], given)
    shop.change(giver, {"balance": giver["balance"] - wanted["amount"]})
    shop.change(taker, {"balance": raised})
    row = wanted | {"status": "completed", "created_at": stamp(shop.now)}
    return Answer(201, shown(shop.put("transfer", row)))


def _transfers(shop: Shop, given: Given) -> Answer:
    rows = [row for row in shop.where("transfer") if given.id in (row["from_account_id"], row["to_account_id"])]
    page = listing(shop, given, rows, [])
    if page.status == 200 and not page.body["items"]:
        shop.find("account", given.id)
    return page


ROUTES = (
    Route("POST", "/accounts", _open, _ACCOUNT),
    Route("POST", "/accounts/transfers", _transfer, _TRANSFER),
    Route("GET", "/accounts/{id}", _get),
    Route("POST", "/accounts/{id}/deposit", _deposit, _DEPOSIT),
    Route("GET", "/accounts/{id}/transfers", _transfers, query=SORTED),
)
