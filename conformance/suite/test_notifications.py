"""Notifications: listed by user, and marked as read."""

from conformance.problem import error_of
from conformance.shop import Shop


async def test_notification_is_read_once(shop: Shop) -> None:
    user = await shop.user()
    order = await shop.order(user, await shop.product(), notify=True)
    [notification] = (await shop.get(f"/users/{user['id']}/notifications"))["items"]
    assert notification == {
        "id": 1,
        "created_at": notification["created_at"],
        "updated_at": notification["created_at"],
        "version": 1,
        "user_id": user["id"],
        "order_id": order["id"],
        "message": notification["message"],
        "is_read": False,
    }
    response = await shop.client.post(f"/notifications/{notification['id']}/read")
    read = response.json()
    assert response.status_code == 200
    assert read == notification | {"is_read": True, "version": 2, "updated_at": read["updated_at"]}
    assert (await shop.client.post(f"/notifications/{notification['id']}/read")).json() == read, "no new version"
    assert (await shop.get(f"/users/{user['id']}/notifications"))["items"] == [read]


async def test_notifications_are_listed_newest_first(shop: Shop) -> None:
    user, other, product = await shop.user(), await shop.user(), await shop.product()
    orders = [await shop.order(each, product, notify=True) for each in (user, other, user)]
    listing = await shop.get(f"/users/{user['id']}/notifications")
    assert [notification["order_id"] for notification in listing["items"]] == [orders[2]["id"], orders[0]["id"]]
    assert listing["total"] == 2
    oldest = await shop.get(f"/users/{user['id']}/notifications?sort=created_at&page_size=1")
    assert oldest["items"] == listing["items"][1:]


async def test_user_without_notifications_has_empty_list(shop: Shop) -> None:
    user = await shop.user()
    assert (await shop.get(f"/users/{user['id']}/notifications"))["items"] == []
    assert error_of(await shop.client.get("/users/99/notifications")) == (404, "not-found")


async def test_read_of_unknown_notification_is_404(shop: Shop) -> None:
    assert error_of(await shop.client.post("/notifications/99/read")) == (404, "not-found")
