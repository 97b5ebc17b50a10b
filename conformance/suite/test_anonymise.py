"""Anonymising: the person is emptied, the books are kept."""

from conformance.authenticated_user import AuthenticatedUser, bearer_header
from conformance.problem import error_of
from conformance.shop import Shop


async def test_person_is_emptied_and_books_are_kept(shop: Shop) -> None:
    user, other = await shop.user(full_name="Ada L.", bio="Reads."), await shop.user()
    kept = await shop.new_post(other, tags=["a"])
    await shop.new_post(user, tags=["a"])
    order = await shop.order(user, await shop.product(), notify=True)
    body = {"user_id": user["id"], "items": [{"product_id": 1, "quantity": 1}], "shipping_address": "1 Main St"}
    addressed = await shop.post("/orders", body)
    payment = await shop.post(f"/orders/{order['id']}/payments", {"amount": "79.99", "method": "card"})
    response = await shop.client.post(f"/users/{user['id']}/anonymise")
    after = response.json()
    assert (response.status_code, await shop.get(f"/users/{user['id']}")) == (200, after)
    assert after["username"].startswith(f"anonymous_{user['id']}_")
    assert after["email"] == f"{after['username']}@anonymous.invalid"
    names = ("id", "version", "full_name", "bio", "is_active", "is_superuser")
    assert [after[name] for name in names] == [user["id"], 2, None, None, False, False]
    assert (await shop.get("/posts"))["items"] == [kept]
    assert (await shop.get(f"/users/{user['id']}/notifications"))["items"] == []
    assert (await shop.get(f"/payments/{payment['id']}")) == payment
    emptied = await shop.get(f"/orders/{addressed['id']}")
    assert emptied == addressed | {"shipping_address": None, "version": 2, "updated_at": emptied["updated_at"]}
    assert (await shop.get(f"/orders/{order['id']}"))["version"] == 2, "as paid"


async def test_anonymised_user_stays_as_it_is(shop: Shop) -> None:
    user = await shop.user()
    first, again = [await shop.client.post(f"/users/{user['id']}/anonymise") for _ in range(2)]
    assert first.json() == again.json()
    for name in ("username", "email"):
        assert user[name] not in (await shop.client.get("/users")).text
    assert (await shop.client.post("/users", json=shop.registration() | {"username": user["username"]})).is_success
    assert error_of(await shop.client.post("/users/99/anonymise")) == (404, "not-found")


async def test_anonymised_user_cannot_log_in(ada: AuthenticatedUser) -> None:
    tokens = await ada.log_in()
    response = await ada.client.post(f"/users/{ada.user['id']}/anonymise", headers=bearer_header(tokens))
    assert response.status_code == 200
    assert await ada.status_with(tokens) == 401
    assert (await ada.try_log_in()).status_code == 400
    assert (await ada.try_log_in(name=response.json()["username"])).status_code == 400


async def test_anonymised_user_is_kept_by_bulk_deletion(shop: Shop) -> None:
    kept, gone = await shop.user(), await shop.user(is_active=False)
    order = await shop.order(kept, await shop.product())
    assert (await shop.client.post(f"/users/{kept['id']}/anonymise")).status_code == 200
    answer = (await shop.client.delete("/users/bulk/inactive")).json()
    reason = "The user was anonymised, so that its orders and payments are kept."
    assert answer == {"deleted_count": 1, "kept": [{"id": kept["id"], "reason": reason}]}
    assert (await shop.get(f"/orders/{order['id']}"))["status"] == "pending"
    assert (await shop.client.get(f"/users/{gone['id']}")).status_code == 404
    assert (await shop.client.delete(f"/users/{kept['id']}")).status_code == 204
