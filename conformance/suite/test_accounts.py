"""Accounts: deposits and transfers keep every balance exact and within its limits."""

import asyncio

import pytest

from conformance.problem import error_fields, error_of, read_problem
from conformance.shop import Json, Shop


async def balances(shop: Shop, *accounts: Json) -> list[str]:
    return [(await shop.get(f"/accounts/{account['id']}"))["balance"] for account in accounts]


def transfer_body(sender: Json, receiver: Json, amount: object) -> Json:
    return {"from_account_id": sender["id"], "to_account_id": receiver["id"], "amount": amount}


async def test_account_is_created_with_defaults(shop: Shop) -> None:
    user = await shop.user()
    account = await shop.post("/accounts", {"user_id": user["id"]})
    assert account == {
        "id": 1,
        "created_at": account["created_at"],
        "updated_at": account["created_at"],
        "version": 1,
        "user_id": user["id"],
        "balance": "0.00",
    }
    assert await shop.get("/accounts/1") == account
    assert (await shop.account(user, "99999999.99"))["balance"] == "99999999.99"


async def test_account_of_unknown_user_is_rejected(shop: Shop) -> None:
    response = await shop.client.post("/accounts", json={"user_id": 99})
    assert (error_of(response), error_fields(response)) == ((400, "unknown-reference"), ["user_id"])
    user = await shop.user()
    for balance in ("-0.01", "100000000.00", "1.001"):
        response = await shop.client.post("/accounts", json={"user_id": user["id"], "balance": balance})
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["balance"])


async def test_deposit_raises_balance(shop: Shop) -> None:
    account = await shop.account(await shop.user(), "1.00")
    response = await shop.client.post(f"/accounts/{account['id']}/deposit", json={"amount": 0.01})
    assert response.status_code == 200
    assert response.json() == account | {
        "balance": "1.01",
        "version": 2,
        "updated_at": response.json()["updated_at"],
    }
    assert await shop.get(f"/accounts/{account['id']}") == response.json()
    for amount in (0, "-1", None, "100000000.00"):
        response = await shop.client.post(f"/accounts/{account['id']}/deposit", json={"amount": amount})
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["amount"])
    assert error_of(await shop.client.post("/accounts/99/deposit", json={"amount": 1})) == (404, "not-found")


async def test_transfer_moves_money(shop: Shop) -> None:
    user = await shop.user()
    sender, receiver = await shop.account(user, "10.00"), await shop.account(user, "0.50")
    moved = await shop.post("/accounts/transfers", transfer_body(sender, receiver, "9.99"))
    assert moved == {
        "id": 1,
        "from_account_id": sender["id"],
        "to_account_id": receiver["id"],
        "amount": "9.99",
        "status": "completed",
        "created_at": moved["created_at"],
    }
    after = [await shop.get(f"/accounts/{account['id']}") for account in (sender, receiver)]
    assert [(account["balance"], account["version"]) for account in after] == [("0.01", 2), ("10.49", 2)]
    await shop.post("/accounts/transfers", transfer_body(receiver, sender, "10.49"))
    assert await balances(shop, sender, receiver) == ["10.50", "0.00"]


async def test_balance_never_falls_below_zero(shop: Shop) -> None:
    user = await shop.user()
    sender, receiver = await shop.account(user, "10.00"), await shop.account(user)
    response = await shop.client.post("/accounts/transfers", json=transfer_body(sender, receiver, "10.01"))
    assert (error_of(response), error_fields(response)) == ((400, "insufficient-funds"), ["amount"])
    assert await balances(shop, sender, receiver) == ["10.00", "0.00"]
    assert (await shop.get(f"/accounts/{sender['id']}/transfers"))["total"] == 0


async def test_balance_never_exceeds_limit(shop: Shop) -> None:
    user, most = await shop.user(), "99999999.99"
    sender, receiver = await shop.account(user, "0.50"), await shop.account(user, most)
    deposit = f"/accounts/{receiver['id']}/deposit"
    for _ in range(99):
        assert (await shop.client.post(deposit, json={"amount": most})).status_code == 200
    assert (await shop.client.post(deposit, json={"amount": "0.50"})).json()["balance"] == "9999999999.50"
    for request in (
        shop.client.post(deposit, json={"amount": "0.50"}),
        shop.client.post("/accounts/transfers", json=transfer_body(sender, receiver, "0.50")),
    ):
        response = await request
        assert (error_of(response), error_fields(response)) == ((400, "amount-limit"), ["amount"])
    assert (await shop.client.post(deposit, json={"amount": "0.49"})).json()["balance"] == "9999999999.99"
    assert await balances(shop, sender, receiver) == ["0.50", "9999999999.99"]


@pytest.mark.parametrize(
    ("sender", "receiver", "fields"),
    [
        (1, 99, ["to_account_id"]),
        (99, 1, ["from_account_id"]),
        (98, 99, ["from_account_id", "to_account_id"]),
    ],
)
async def test_transfer_names_unknown_accounts(shop: Shop, sender: int, receiver: int, fields: list[str]) -> None:
    account = await shop.account(await shop.user(), "5.00")
    assert account["id"] == 1
    response = await shop.client.post(
        "/accounts/transfers", json=transfer_body({"id": sender}, {"id": receiver}, "1.00")
    )
    assert (error_of(response), error_fields(response)) == ((400, "unknown-reference"), fields)
    assert await shop.get("/accounts/1") == account


async def test_transfer_needs_two_accounts(shop: Shop) -> None:
    account = await shop.account(await shop.user(), "5.00")
    for one in (account, {"id": 99}):
        response = await shop.client.post("/accounts/transfers", json=transfer_body(one, one, "1.00"))
        assert (error_of(response), error_fields(response)) == ((400, "same-account"), ["to_account_id"])
    assert await shop.get(f"/accounts/{account['id']}") == account


async def test_transfer_amount_is_validated(shop: Shop) -> None:
    for amount in [0, "0.00", -1, "0.001", "100000000", "many", None, True]:
        user = await shop.user()
        sender, receiver = await shop.account(user, "5.00"), await shop.account(user)
        response = await shop.client.post("/accounts/transfers", json=transfer_body(sender, receiver, amount))
        assert (error_of(response), error_fields(response)) == ((422, "validation-failed"), ["amount"]), amount
        assert read_problem(response)["errors"][0]["location"] == "body", amount


async def test_account_lists_its_transfers(shop: Shop) -> None:
    user = await shop.user()
    one, two, three = [await shop.account(user, "10.00") for _ in range(3)]
    moved = [
        await shop.post("/accounts/transfers", transfer_body(*pair, "1.00"))
        for pair in ((one, two), (two, three), (three, one), (one, three))
    ]
    expected = {one["id"]: [3, 2, 0], two["id"]: [1, 0], three["id"]: [3, 2, 1]}
    for key, found in expected.items():
        listing = await shop.get(f"/accounts/{key}/transfers")
        assert listing["items"] == [moved[index] for index in found]
        assert listing["total"] == len(found)
    assert (await shop.get(f"/accounts/{one['id']}/transfers?sort=id&page_size=1&page=2"))["items"] == [moved[2]]
    fresh = await shop.account(user)
    assert (await shop.get(f"/accounts/{fresh['id']}/transfers"))["items"] == []
    assert error_of(await shop.client.get("/accounts/99/transfers")) == (404, "not-found")


async def test_accounts_are_listed(shop: Shop) -> None:
    users = [await shop.user(), await shop.user()]
    accounts = [await shop.account(user) for user in (*users, users[0])]
    assert (await shop.get("/accounts?sort=id"))["items"] == accounts
    assert (await shop.get(f"/accounts?user_id={users[0]['id']}&sort=-id"))["items"] == [accounts[2], accounts[0]]
    assert (await shop.get("/accounts?user_id=99"))["items"] == []


async def test_empty_account_is_closed(shop: Shop) -> None:
    user = await shop.user()
    closed, other = await shop.account(user, "5.00"), await shop.account(user)
    path = f"/accounts/{closed['id']}"
    assert error_of(await shop.client.delete(path)) == (409, "account-not-empty")
    moved = await shop.post("/accounts/transfers", transfer_body(closed, other, "5.00"))
    assert (await shop.client.delete(path)).status_code == 204
    for response in (await shop.client.get(path), await shop.client.delete(path)):
        assert error_of(response) == (404, "not-found")
    assert (await shop.get(f"/accounts/{other['id']}/transfers"))["items"] == [moved], "it stays readable"
    back = await shop.client.post("/accounts/transfers", json=transfer_body(other, closed, "1.00"))
    assert (error_of(back), error_fields(back)) == ((400, "unknown-reference"), ["to_account_id"])
    assert await balances(shop, other) == ["5.00"]


async def test_transfer_and_closing_are_exclusive(shop: Shop) -> None:
    user = await shop.user()
    source = await shop.account(user, "10.00")
    for _ in range(5):
        target = await shop.account(user)
        moved, closed = await asyncio.gather(
            shop.client.post("/accounts/transfers", json=transfer_body(source, target, "1.00")),
            shop.client.delete(f"/accounts/{target['id']}"),
        )
        outcome = (moved.status_code, closed.status_code)
        assert outcome in ((201, 409), (400, 204)), (moved.text, closed.text)
