"""Logging in, staying logged in, logging out: the same on every storage, and in every process at one."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import argon2
import httpx2
import pytest
from fastapi import FastAPI

from conformance.crowd import Crowd, outcomes
from conformance.defaults import protected_settings_for
from conformance.member import INVALID_GRANT, Member, bearer, denied, log_in, refresh
from conformance.problem import refusal
from conformance.processes.live import several_live
from conformance.shop import PASSWORD
from core.passwords import PasswordHasher
from core.services import superusers, users
from core.services.expiring import purge_expired
from core.settings import Settings

OTHER = "AnotherPass456"
ATTEMPTS = 10
WINDOW = timedelta(seconds=900)
Tick = Callable[[timedelta], datetime]
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
async def ada(guest: httpx2.AsyncClient) -> Member:
    """Somebody who is registered."""
    return await Member.register(guest)


async def test_log_in_by_username_or_email_in_any_case(ada: Member) -> None:
    for name in ("ada", "ADA", " ada ", "ada@example.com", "Ada@Example.COM"):
        answer = await ada.attempt(name=name)
        granted = answer.json()
        assert answer.status_code == 200, name
        assert "no-store" in answer.headers["cache-control"]
        assert set(granted) == {"access_token", "token_type", "expires_in", "refresh_token"}
        assert (granted["token_type"], granted["expires_in"]) == ("bearer", 900)
        assert await ada.sees_itself(granted) == 200


async def test_failed_log_ins_look_the_same(ada: Member, protected_app: FastAPI) -> None:
    gone = await Member.register(ada.client, "gone")
    await users.deactivate(protected_app.state.storage, gone.user["id"])
    names = ("ada", "gone", "nobody", "nobody@example.com", "a\x00b", "x" * 5000, "٣", "ada'--", "$ne")
    answers = [await ada.attempt(OTHER, name) for name in names]
    answers.append(await gone.attempt())
    for answer in answers:
        assert denied(answer) == INVALID_GRANT
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_unknown_user_costs_like_wrong_password(
    ada: Member, protected_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []
    original = argon2.PasswordHasher.verify

    def watched(self: argon2.PasswordHasher, hash: str, password: str) -> bool:
        hashes.append(hash)
        return original(self, hash, password)

    await ada.attempt(OTHER)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    for name in ("ada", "nobody"):
        assert denied(await ada.attempt(OTHER, name)) == INVALID_GRANT
    assert len(hashes) == 2
    known, dummy = map(argon2.extract_parameters, hashes)
    assert known == dummy
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"username": "ada", "password": PASSWORD}, "invalid_request"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"grant_type": "password", "username": "ada", "password": ""}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": ["password", "password"], "username": "ada", "password": PASSWORD}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "a.b"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "\x00.é"}, "invalid_grant"),
    ],
)
async def test_invalid_token_request_gives_oauth_error(
    guest: httpx2.AsyncClient, form: dict[str, str], error: str
) -> None:
    assert denied(await guest.post("/auth/token", data=form)) == (400, error.replace("_", "-"), error)


async def test_token_request_is_a_small_form(guest: httpx2.AsyncClient) -> None:
    json = await guest.post("/auth/token", json={"grant_type": "password"})
    assert refusal(json) == (415, "unsupported-media-type")
    assert refusal(await log_in(guest, "ada", "x" * 20_000)) == (413, "content-too-large")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"\xff=1", b"grant_type=%FF", b"&".join([b"a=1"] * 100)):
        assert denied(await guest.post("/auth/token", content=body, headers=kind))[2] == "invalid_request"


async def test_extra_oauth_parameters_are_ignored(ada: Member) -> None:
    form = {"grant_type": "password", "username": "ada", "password": PASSWORD, "scope": "", "client_id": "docs"}
    for header in ("Basic ZG9jczo=", "Bearer long-gone"):
        answer = await ada.client.post("/auth/token", data=form, headers={"Authorization": header})
        assert answer.status_code == 200, answer.text


async def test_reused_refresh_token_ends_the_session(ada: Member) -> None:
    first = await ada.log_in()
    other = await ada.log_in()
    second = (await refresh(ada.client, first)).json()
    assert await ada.sees_itself(first) == await ada.sees_itself(second) == 200
    third = (await refresh(ada.client, second)).json()
    assert denied(await refresh(ada.client, first)) == INVALID_GRANT
    assert denied(await refresh(ada.client, third)) == INVALID_GRANT
    assert [await ada.sees_itself(granted) for granted in (first, second, third)] == [401, 401, 401]
    assert await ada.sees_itself(other) == 200, "only the session that a token was stolen from"


async def test_concurrent_refresh_succeeds_once(ada: Member) -> None:
    granted = await ada.log_in()
    answers = await asyncio.gather(*(refresh(ada.client, granted) for _ in range(5)))
    assert outcomes_of_tokens(answers) == {200: 1, INVALID_GRANT: 4}
    [fresh] = [answer.json() for answer in answers if answer.is_success]
    assert await ada.sees_itself(fresh) == 401, "an old token was used, so the session has ended"


def outcomes_of_tokens(answers: list[httpx2.Response]) -> dict[object, int]:
    """How often each status, or kind of denial, was answered."""
    found: dict[object, int] = {}
    for answer in answers:
        key: object = answer.status_code if answer.is_success else denied(answer)
        found[key] = found.get(key, 0) + 1
    return found


async def test_tokens_expire(ada: Member, tick: Tick) -> None:
    tick(timedelta())
    granted = await ada.log_in()
    tick(timedelta(seconds=899))
    assert await ada.sees_itself(granted) == 200
    tick(timedelta(seconds=1))
    assert await ada.sees_itself(granted) == 401
    granted = (await refresh(ada.client, granted)).json()
    assert await ada.sees_itself(granted) == 200
    tick(timedelta(days=14) - MOMENT)
    granted = (await refresh(ada.client, granted)).json()
    tick(timedelta(days=14))
    assert denied(await refresh(ada.client, granted)) == INVALID_GRANT


async def test_only_expired_sessions_are_purged(ada: Member, protected_app: FastAPI, tick: Tick) -> None:
    tick(timedelta())
    await ada.log_in()
    tick(timedelta(days=1))
    kept = await ada.log_in()
    tick(timedelta(days=13))
    assert await purge_expired(protected_app.state.storage) == 1
    assert await purge_expired(protected_app.state.storage) == 0
    assert (await refresh(ada.client, kept)).status_code == 200


async def test_logout_ends_only_that_session(ada: Member) -> None:
    first, second = await ada.log_in(), await ada.log_in()
    assert (await ada.client.post("/auth/logout", headers=bearer(first))).status_code == 204
    assert await ada.sees_itself(first) == 401
    assert denied(await refresh(ada.client, first)) == INVALID_GRANT
    assert refusal(await ada.client.post("/auth/logout", headers=bearer(first))) == (401, "unauthenticated")
    assert await ada.sees_itself(second) == 200


async def test_new_password_ends_other_sessions(ada: Member) -> None:
    mine, other = await ada.log_in(), await ada.log_in()
    change = {"current_password": PASSWORD, "new_password": OTHER}
    answer = await ada.client.put("/auth/password", json=change, headers=bearer(mine))
    assert (answer.status_code, answer.content) == (204, b"")
    assert [await ada.sees_itself(granted) for granted in (mine, other)] == [200, 401]
    assert denied(await refresh(ada.client, other)) == INVALID_GRANT
    assert (await refresh(ada.client, mine)).status_code == 200
    assert denied(await ada.attempt(PASSWORD)) == INVALID_GRANT
    assert (await ada.attempt(OTHER)).status_code == 200


async def test_new_password_needs_current_one_and_session(ada: Member) -> None:
    mine = await ada.log_in()
    change = {"current_password": OTHER, "new_password": "YetAnother789"}
    assert refusal(await ada.client.put("/auth/password", json=change)) == (401, "unauthenticated")
    for _ in range(ATTEMPTS):
        answer = await ada.client.put("/auth/password", json=change, headers=bearer(mine))
        assert refusal(answer) == (400, "wrong-password")
    answer = await ada.client.put("/auth/password", json=change | {"current_password": PASSWORD}, headers=bearer(mine))
    assert refusal(answer) == (429, "too-many-attempts")
    weak = {"current_password": PASSWORD, "new_password": "weak"}
    assert refusal(await ada.client.put("/auth/password", json=weak, headers=bearer(mine))) == (
        422,
        "validation-failed",
    )
    assert await ada.sees_itself(mine) == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_password_in_user_change_ends_other_sessions(ada: Member, method: str) -> None:
    mine, other = await ada.log_in(), await ada.log_in()
    fields = {"username": "ada", "email": "ada@example.com"} if method == "PUT" else {}
    path = f"/users/{ada.user['id']}"
    unchanged = await ada.client.request(method, path, json={**fields, "bio": "Countess."}, headers=bearer(mine))
    assert unchanged.status_code == 200
    assert await ada.sees_itself(other) == 200
    changed = await ada.client.request(method, path, json={**fields, "password": OTHER}, headers=bearer(mine))
    assert changed.status_code == 200
    assert [await ada.sees_itself(granted) for granted in (mine, other)] == [200, 401]


async def test_password_set_by_superuser_ends_all_sessions(ada: Member, protected_app: FastAPI) -> None:
    granted = await ada.log_in()
    root = await Member.register(ada.client, "root")
    await superusers.promote(protected_app.state.storage, root.user["id"])
    mine = await root.log_in()
    answer = await ada.client.patch(f"/users/{ada.user['id']}", json={"password": OTHER}, headers=bearer(mine))
    assert answer.status_code == 200
    assert (await ada.sees_itself(granted), await root.sees_itself(mine)) == (401, 200)


async def test_deactivated_user_is_logged_out_for_good(ada: Member, protected_app: FastAPI) -> None:
    granted = await ada.log_in()
    answer = await ada.client.delete(f"/users/{ada.user['id']}/soft", headers=bearer(granted))
    assert answer.status_code == 200
    assert await ada.sees_itself(granted) == 401
    assert denied(await refresh(ada.client, granted)) == INVALID_GRANT
    assert denied(await ada.attempt()) == INVALID_GRANT
    app = protected_app.state
    await users.patch_user(app.storage, app.hasher, ada.user["id"], {"is_active": True})
    assert await ada.sees_itself(granted) == 401
    assert (await ada.attempt()).status_code == 200


async def test_bulk_deactivation_logs_users_out(ada: Member, protected_app: FastAPI) -> None:
    granted = await ada.log_in()
    await asyncio.sleep(0.01)  # changed before now, to the millisecond
    assert await users.deactivate_stale(protected_app.state.storage, days=0) == 1
    assert await ada.sees_itself(granted) == 401
    assert denied(await refresh(ada.client, granted)) == INVALID_GRANT
    assert denied(await ada.attempt()) == INVALID_GRANT


async def test_session_ends_with_its_user(ada: Member, protected_app: FastAPI) -> None:
    granted = await ada.log_in()
    await protected_app.state.storage.run(lambda tx: tx.users.delete(ada.user["id"]))
    assert await ada.sees_itself(granted) == 401
    assert denied(await refresh(ada.client, granted)) == INVALID_GRANT


async def test_failed_log_ins_per_name_are_limited(ada: Member, tick: Tick) -> None:
    tick(timedelta())
    for name in ("ada", "nobody"):
        for _ in range(ATTEMPTS):
            assert denied(await ada.attempt(OTHER, name)) == INVALID_GRANT
        answer = await ada.attempt(PASSWORD, name)
        assert refusal(answer) == (429, "too-many-attempts"), "the right password does not help either"
        assert answer.headers["retry-after"] == "900"
    tick(WINDOW - MOMENT)
    answer = await ada.attempt()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    tick(MOMENT)
    await ada.log_in()


async def test_log_in_resets_the_failure_count(ada: Member) -> None:
    for _ in range(2):
        for _ in range(ATTEMPTS - 1):
            assert denied(await ada.attempt(OTHER)) == INVALID_GRANT
        await ada.log_in()


async def test_failed_log_ins_per_address_are_limited(ada: Member, protected_app: FastAPI) -> None:
    def at(host: str) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=protected_app, client=(host, 1))
        return httpx2.AsyncClient(transport=transport, base_url="http://shop.test")

    async with at("2001:db8::1") as one, at("2001:db8::2") as neighbour, at("2001:db8:0:1::1") as other:
        for number in range(10 * ATTEMPTS):
            client = neighbour if number % 2 else one
            assert denied(await log_in(client, f"nobody_{number}", OTHER)) == INVALID_GRANT
        for client in (one, neighbour):
            assert refusal(await log_in(client, "ada", PASSWORD)) == (429, "too-many-attempts")
        assert (await log_in(other, "ada", PASSWORD)).status_code == 200


async def test_concurrent_guesses_are_limited_too(ada: Member) -> None:
    answers = await asyncio.gather(*(ada.attempt(OTHER) for _ in range(2 * ATTEMPTS)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == ATTEMPTS
    assert {denied(answer) for answer in answers if answer not in refused} == {INVALID_GRANT}


async def test_outdated_hash_is_replaced_at_log_in(ada: Member, protected_app: FastAPI) -> None:
    storage = protected_app.state.storage
    old = protected_settings_for("nowhere://", argon2_time_cost=2)
    await users.patch_user(storage, PasswordHasher(old), ada.user["id"], {"password": PASSWORD})
    before = await storage.users.credentials("ada")
    await ada.attempt(OTHER)
    assert await storage.users.credentials("ada") == before, "only who proves it may change it"
    await ada.log_in()
    after = await storage.users.credentials("ada")
    assert [argon2.extract_parameters(found.password_hash).time_cost for found in (before, after)] == [2, 1]
    await ada.log_in()
    assert await storage.users.credentials("ada") == after


async def test_password_changed_during_log_in_fails_it(
    ada: Member, protected_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = protected_app.state
    original = PasswordHasher.verify
    changed = False

    async def overtaken(self: PasswordHasher, password_hash: str | None, password: str) -> bool:
        nonlocal changed
        verified = await original(self, password_hash, password)
        if not changed:
            changed = True
            await users.patch_user(app.storage, app.hasher, ada.user["id"], {"password": OTHER})
        return verified

    monkeypatch.setattr(PasswordHasher, "verify", overtaken)
    assert denied(await ada.attempt(PASSWORD)) == INVALID_GRANT
    assert (await ada.attempt(OTHER)).status_code == 200


async def test_log_in_is_404_without_authentication(client: httpx2.AsyncClient) -> None:
    assert refusal(await log_in(client, "ada", PASSWORD)) == (404, "not-found")
    assert refusal(await client.post("/auth/logout")) == (404, "not-found")
    assert refusal(await client.put("/auth/password", json={})) == (404, "not-found")


async def test_stored_and_logged_data_has_no_secrets(
    ada: Member, protected_app: FastAPI, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    granted = await ada.log_in()
    session, secret = granted["refresh_token"].split(".")
    await ada.attempt(OTHER)
    await refresh(ada.client, granted)
    await ada.client.put("/auth/password", json={"current_password": OTHER, "new_password": PASSWORD + "4"})
    written = "".join(capfd.readouterr()) + caplog.text + repr(vars(protected_app.state))
    for hidden in (session, secret, granted["access_token"], PASSWORD, OTHER):
        assert hidden not in written


@pytest.fixture
def two_protected_servers(settings: Settings, tmp_path: Path) -> Iterator[list[str]]:
    """As ``two_servers``, where clients must say who they are."""
    with several_live(protected_settings_for(settings.url), tmp_path, 2) as urls:
        yield urls


@pytest.mark.needs("shared")
async def test_processes_share_sessions_and_limits(two_protected_servers: list[str]) -> None:
    async with Crowd.at(two_protected_servers, count(1)) as crowd:
        here, there = crowd.clients
        ada = await Member.register(here)
        elsewhere = Member(there, ada.user)
        granted = await ada.log_in()
        assert await elsewhere.sees_itself(granted) == 200
        fresh = (await refresh(there, granted)).json()
        assert denied(await refresh(here, granted)) == INVALID_GRANT
        assert await elsewhere.sees_itself(fresh) == 401
        await guess_and_race(crowd, ada)


async def guess_and_race(crowd: Crowd, ada: Member) -> None:
    """One refresh token at both processes at once; then too many guesses, spread over both."""
    granted = await ada.log_in()
    raced = await crowd.rush(6, lambda client, _: refresh(client, granted))
    assert outcomes_of_tokens(raced) == {200: 1, INVALID_GRANT: 5}
    guesses = await crowd.rush(2 * ATTEMPTS, lambda client, _: log_in(client, "ada", OTHER))
    limited = [answer for answer in guesses if answer.status_code == 429]
    assert outcomes(limited) == {(429, "too-many-attempts"): ATTEMPTS}
    for client in crowd.clients:
        assert refusal(await log_in(client, "ada", PASSWORD)) == (429, "too-many-attempts")
