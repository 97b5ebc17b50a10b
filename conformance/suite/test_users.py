"""Users: registration, changes, deactivation and deletion."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from conformance.fixtures import Tick
from conformance.problem import error_fields, error_of
from conformance.shop import PASSWORD, Shop
from core import clock
from core.plugins import Registry
from core.settings import Settings

DAY = timedelta(days=1)


async def test_user_is_registered_with_defaults(shop: Shop, tick: Tick) -> None:
    now = clock.to_json(tick(DAY))
    user = await shop.post("/users", {"username": "johndoe", "email": "john@example.com", "password": PASSWORD})
    assert user == {
        "id": 1,
        "created_at": now,
        "updated_at": now,
        "version": 1,
        "username": "johndoe",
        "email": "john@example.com",
        "full_name": None,
        "bio": None,
        "is_active": True,
        "is_superuser": False,
    }
    assert await shop.get("/users/1") == user


async def test_user_fields_are_stored(shop: Shop) -> None:
    fields = {"full_name": "Jane Roe", "bio": "Reads.", "is_active": False}
    user = await shop.user(**fields)
    assert {name: user[name] for name in fields} == fields
    assert await shop.get(f"/users/{user['id']}") == user


async def test_superuser_flag_cannot_be_set(shop: Shop) -> None:
    user = await shop.user()
    for request in (
        shop.client.post("/users", json=shop.registration() | {"is_superuser": True}),
        shop.client.put(f"/users/{user['id']}", json=shop.registration() | {"is_superuser": True}),
        shop.client.patch(f"/users/{user['id']}", json={"is_superuser": True}),
    ):
        response = await request
        assert error_of(response) == (422, "validation-failed")
        assert error_fields(response) == ["is_superuser"]
    assert await shop.get(f"/users/{user['id']}") == user


async def test_password_is_validated(shop: Shop) -> None:
    for password in ["Short1", "alllower1", "NoDigitHere", "A1" + "x" * 99, None, 12345678]:
        response = await shop.client.post("/users", json=shop.registration() | {"password": password})
        assert error_of(response) == (422, "validation-failed"), password
        assert error_fields(response) == ["password"], password
        if isinstance(password, str):
            assert password not in response.text, password


async def test_password_is_neither_returned_nor_logged(
    settings: Settings, registry: Registry, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    app = create_app(settings.model_copy(update={"debug": True, "database_echo": True}), registry=registry)
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        shop = Shop(client)
        user = await shop.user()
        duplicate = await client.post("/users", json=shop.registration() | {"username": user["username"]})
        await client.patch("/users/1", json={"password": PASSWORD + "4"})
        responses = [await shop.get(path) for path in ("/users", "/users/1", "/users/1/with-posts")]
    logged = "".join(capsys.readouterr()) + caplog.text
    assert "/users" in logged
    assert PASSWORD not in f"{user} {duplicate.text} {responses} {logged}"
    assert "argon2" not in f"{user} {duplicate.text} {responses} {logged}"


async def test_bulk_registration_keeps_its_order(shop: Shop) -> None:
    bodies = [shop.registration() for _ in range(25)]
    users = await shop.post("/users/bulk", bodies)
    assert [user["username"] for user in users] == [body["username"] for body in bodies]
    assert [user["id"] for user in users] == sorted(user["id"] for user in users)
    assert (await shop.get("/users?page_size=100&sort=id"))["items"] == users


async def test_bulk_registration_is_all_or_nothing(shop: Shop) -> None:
    stored = await shop.user()
    bodies = [shop.registration() for _ in range(4)]
    bodies[2]["email"] = stored["email"].upper()
    response = await shop.client.post("/users/bulk", json=bodies)
    assert error_of(response) == (409, "duplicate")
    assert error_fields(response) == ["2.email"]
    assert (await shop.get("/users"))["items"] == [stored]


async def test_bulk_with_internal_duplicates_is_rejected(shop: Shop) -> None:
    bodies = [shop.registration() for _ in range(3)]
    bodies[1]["username"] = bodies[0]["username"].upper()
    bodies[2]["email"] = bodies[1]["email"].title()
    response = await shop.client.post("/users/bulk", json=bodies)
    assert error_of(response) == (409, "duplicate")
    assert error_fields(response) == ["1.username", "2.email"]
    assert (await shop.get("/users"))["total"] == 0


async def test_bulk_names_errors_by_index(shop: Shop) -> None:
    bodies = [shop.registration() for _ in range(3)]
    bodies[1]["email"] = "nonsense"
    response = await shop.client.post("/users/bulk", json=bodies)
    assert error_of(response) == (422, "validation-failed")
    assert error_fields(response) == ["1.email"]
    assert error_of(await shop.client.post("/users/bulk", json=[])) == (422, "validation-failed")
    assert (await shop.get("/users"))["total"] == 0


async def test_users_are_filtered_by_activity(shop: Shop) -> None:
    active, inactive = await shop.user(), await shop.user(is_active=False)
    assert (await shop.get("/users?is_active=true"))["items"] == [active]
    assert (await shop.get("/users?is_active=false"))["items"] == [inactive]
    assert (await shop.get("/users?sort=id"))["items"] == [active, inactive]


async def test_users_are_found_by_name_and_email(shop: Shop) -> None:
    ann = await shop.user(username="Ann_B", email="c@example.com", full_name="Dora Example")
    await shop.user()
    for word in ("nn_", "ANN", "c@EX", "dora ex"):
        for path in (f"/users?search={word}", f"/users/search?q={word}"):
            assert (await shop.get(path))["items"] == [ann], path
    assert (await shop.get("/users/search?q=zzz"))["items"] == []
    assert error_of(await shop.client.get("/users/search")) == (422, "validation-failed")
    assert error_of(await shop.client.get("/users/search?q=")) == (422, "validation-failed")


async def test_user_is_found_by_email_in_any_case(shop: Shop) -> None:
    user = await shop.user(email="Zoë.Q@Example.com")
    for email in ("Zoë.Q@Example.com", "zoë.q@example.com", "ZOË.Q@EXAMPLE.COM", "Zoe\u0308.Q@example.com"):
        assert await shop.get(f"/users/by-email/{email}") == user
    for email in ("zoe.q@example.com", "unknown@example.com", "zoë", "%25"):
        assert error_of(await shop.client.get(f"/users/by-email/{email}")) == (404, "not-found")


async def test_user_has_posts_newest_first(shop: Shop) -> None:
    user, other = await shop.user(), await shop.user()
    posts = [await shop.new_post(user, tags=["a", "b"]) for _ in range(3)]
    await shop.new_post(other)
    assert await shop.get(f"/users/{user['id']}/with-posts") == user | {"posts": posts[::-1]}
    assert (await shop.get(f"/users/{user['id']}/with-posts?page_size=2"))["posts"] == [posts[2], posts[1]]
    assert (await shop.get(f"/users/{user['id']}/with-posts?page_size=2&page=2"))["posts"] == [posts[0]]
    assert (await shop.get(f"/users/{user['id']}/with-posts?page=2"))["posts"] == []


async def test_active_users_are_counted(shop: Shop) -> None:
    assert await shop.get("/users/stats/active-count") == {"active_users": 0}
    await shop.user()
    await shop.user(is_active=False)
    await shop.user()
    assert await shop.get("/users/stats/active-count") == {"active_users": 2}


async def test_put_replaces_every_editable_field(shop: Shop, tick: Tick) -> None:
    user = await shop.user(full_name="Jane", bio="Reads.", is_active=False)
    now = clock.to_json(tick(DAY))
    put = {"username": "other", "email": "other@example.com"}
    response = await shop.client.put(f"/users/{user['id']}", json=put)
    defaults = {"full_name": None, "bio": None, "is_active": True}
    assert response.status_code == 200
    assert response.json() == user | put | defaults | {"version": 2, "updated_at": now}
    assert await shop.get(f"/users/{user['id']}") == response.json()


async def test_put_needs_every_required_field(shop: Shop) -> None:
    user = await shop.user()
    response = await shop.client.put(f"/users/{user['id']}", json={"username": "other"})
    assert error_of(response) == (422, "validation-failed")
    assert error_fields(response) == ["email"]


async def test_patch_changes_only_sent_fields(shop: Shop, tick: Tick) -> None:
    user = await shop.user(full_name="Jane", bio="Reads.")
    now = clock.to_json(tick(DAY))
    response = await shop.client.patch(f"/users/{user['id']}", json={"bio": "Writes."})
    assert response.json() == user | {"bio": "Writes.", "version": 2, "updated_at": now}
    response = await shop.client.patch(f"/users/{user['id']}", json={"bio": None})
    assert response.json() == user | {"bio": None, "version": 3, "updated_at": now}
    assert await shop.get(f"/users/{user['id']}") == response.json()


async def test_patch_cannot_clear_required_fields(shop: Shop) -> None:
    for field in ["username", "email", "is_active", "password"]:
        user = await shop.user()
        response = await shop.client.patch(f"/users/{user['id']}", json={field: None})
        assert error_of(response) == (422, "validation-failed"), field
        assert error_fields(response) == [field], field


async def test_unchanged_user_keeps_its_version(shop: Shop, tick: Tick) -> None:
    user = await shop.user(full_name="Jane")
    tick(DAY)
    bodies: list[Any] = [{}, {"full_name": "Jane"}, {"full_name": "  Jane "}]
    for body in bodies:
        assert (await shop.client.patch(f"/users/{user['id']}", json=body)).json() == user
    same = {name: user[name] for name in ("username", "email", "full_name")}
    assert (await shop.client.put(f"/users/{user['id']}", json=same)).json() == user


async def test_new_password_is_always_a_change(shop: Shop) -> None:
    user = await shop.user()
    response = await shop.client.patch(f"/users/{user['id']}", json={"password": PASSWORD})
    assert response.json()["version"] == 2


async def test_user_may_keep_or_respell_its_names(shop: Shop) -> None:
    user = await shop.user(username="johndoe")
    response = await shop.client.patch(f"/users/{user['id']}", json={"username": "JohnDoe", "email": user["email"]})
    assert response.status_code == 200
    assert response.json()["username"] == "JohnDoe"


async def test_users_unchanged_for_days_are_deactivated(shop: Shop, tick: Tick) -> None:
    old, renewed, inactive = await shop.user(), await shop.user(), await shop.user(is_active=False)
    tick(10 * DAY)
    await shop.client.patch(f"/users/{renewed['id']}", json={"bio": "Still here."})
    young = await shop.user()
    now = clock.to_json(tick(5 * DAY))
    response = await shop.client.patch("/users/bulk/deactivate?days=14")
    assert (response.status_code, response.json()) == (200, {"deactivated_count": 1})
    assert await shop.get(f"/users/{old['id']}") == old | {"is_active": False, "version": 2, "updated_at": now}
    assert (await shop.get(f"/users/{renewed['id']}"))["is_active"]
    assert await shop.get(f"/users/{young['id']}") == young
    assert await shop.get(f"/users/{inactive['id']}") == inactive
    assert (await shop.client.patch("/users/bulk/deactivate?days=14")).json() == {"deactivated_count": 0}
    assert error_of(await shop.client.patch("/users/bulk/deactivate")) == (422, "validation-failed")


async def test_user_is_deactivated_and_kept(shop: Shop) -> None:
    user = await shop.user()
    response = await shop.client.delete(f"/users/{user['id']}/soft")
    assert (response.status_code, list(response.json())) == (200, ["message"])
    inactive = await shop.get(f"/users/{user['id']}")
    assert (inactive["is_active"], inactive["version"]) == (False, 2)
    assert (await shop.client.delete(f"/users/{user['id']}/soft")).status_code == 200
    assert await shop.get(f"/users/{user['id']}") == inactive


async def test_inactive_users_are_deleted_together(shop: Shop) -> None:
    kept = await shop.user()
    for _ in range(3):
        await shop.user(is_active=False)
    response = await shop.client.delete("/users/bulk/inactive")
    assert (response.status_code, response.json()) == (200, {"deleted_count": 3, "kept": []})
    assert (await shop.get("/users"))["items"] == [kept]
    assert (await shop.client.delete("/users/bulk/inactive")).json() == {"deleted_count": 0, "kept": []}


async def test_user_is_deleted_once(shop: Shop) -> None:
    user = await shop.user()
    response = await shop.client.delete(f"/users/{user['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert error_of(await shop.client.delete(f"/users/{user['id']}")) == (404, "not-found")
    assert (await shop.user())["id"] > user["id"], "an id is never used again"


async def test_concurrent_changes_are_all_kept(shop: Shop, app: FastAPI) -> None:
    user = await shop.user()
    path = f"/users/{user['id']}"
    fields = [{"bio": "Reads."}, {"full_name": "Jane"}, {"email": "jane@example.com"}]
    responses = await asyncio.gather(*(shop.client.patch(path, json=body) for body in fields))
    assert sorted(response.json()["version"] for response in responses) == [2, 3, 4]
    changed = await shop.get(path)
    assert changed == {**user, **fields[0], **fields[1], **fields[2], "version": 4, "updated_at": changed["updated_at"]}


async def test_user_is_found_by_username_in_any_case(shop: Shop) -> None:
    user = await shop.user(username="Ann_B")
    for name in ("Ann_B", "ann_b", "ANN_B"):
        assert await shop.get(f"/users/by-username/{name}") == user
    for name in ("ann", user["email"]):
        assert error_of(await shop.client.get(f"/users/by-username/{name}")) == (404, "not-found")
