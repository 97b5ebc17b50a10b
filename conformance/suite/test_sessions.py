"""Sessions: refresh, expiry and end, the same on every storage and in every process."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from conformance.authenticated_user import (
    INVALID_GRANT,
    AuthenticatedUser,
    bearer_header,
    log_in,
    refresh,
    token_error_of,
)
from conformance.concurrent_clients import ConcurrentClients, count_outcomes
from conformance.defaults import protected_settings_for
from conformance.fixtures import Tick
from conformance.problem import error_of
from conformance.processes.servers import run_servers
from conformance.shop import PASSWORD
from core import clock
from core.services import superusers, users
from core.services.expiring import purge_expired
from core.settings import Settings

OTHER = "AnotherPass456"
ATTEMPTS = 10
MILLISECOND = timedelta(milliseconds=1)


# Tokens


async def test_reused_refresh_token_ends_the_session(ada: AuthenticatedUser) -> None:
    first = await ada.log_in()
    other = await ada.log_in()
    second = (await refresh(ada.client, first)).json()
    assert await ada.status_with(first) == await ada.status_with(second) == 200
    third = (await refresh(ada.client, second)).json()
    assert token_error_of(await refresh(ada.client, first)) == INVALID_GRANT
    assert token_error_of(await refresh(ada.client, third)) == INVALID_GRANT
    assert [await ada.status_with(tokens) for tokens in (first, second, third)] == [401, 401, 401]
    assert await ada.status_with(other) == 200, "only the session whose token was reused"


async def test_concurrent_refresh_succeeds_once(ada: AuthenticatedUser) -> None:
    tokens = await ada.log_in()
    responses = await asyncio.gather(*(refresh(ada.client, tokens) for _ in range(5)))
    assert count_token_outcomes(responses) == {200: 1, INVALID_GRANT: 4}
    [fresh] = [response.json() for response in responses if response.is_success]
    assert await ada.status_with(fresh) == 401, "an old token was used, so the session has ended"


def count_token_outcomes(responses: list[httpx2.Response]) -> dict[object, int]:
    """How often each status, or token error, occurs."""
    found: dict[object, int] = {}
    for response in responses:
        key: object = response.status_code if response.is_success else token_error_of(response)
        found[key] = found.get(key, 0) + 1
    return found


async def test_tokens_expire(ada: AuthenticatedUser, tick: Tick) -> None:
    tick(timedelta())
    tokens = await ada.log_in()
    tick(timedelta(seconds=899))
    assert await ada.status_with(tokens) == 200
    tick(timedelta(seconds=1))
    assert await ada.status_with(tokens) == 401
    tokens = (await refresh(ada.client, tokens)).json()
    assert await ada.status_with(tokens) == 200
    tick(timedelta(days=14) - MILLISECOND)
    tokens = (await refresh(ada.client, tokens)).json()
    tick(timedelta(days=14))
    assert token_error_of(await refresh(ada.client, tokens)) == INVALID_GRANT


async def test_only_expired_sessions_are_purged(ada: AuthenticatedUser, protected_app: FastAPI, tick: Tick) -> None:
    tick(timedelta())
    await ada.log_in()
    tick(timedelta(days=1))
    kept = await ada.log_in()
    tick(timedelta(days=13))
    assert await purge_expired(protected_app.state.storage) == 1
    assert await purge_expired(protected_app.state.storage) == 0
    assert (await refresh(ada.client, kept)).status_code == 200


async def test_logout_ends_only_that_session(ada: AuthenticatedUser) -> None:
    first, second = await ada.log_in(), await ada.log_in()
    assert (await ada.client.post("/auth/logout", headers=bearer_header(first))).status_code == 204
    assert await ada.status_with(first) == 401
    assert token_error_of(await refresh(ada.client, first)) == INVALID_GRANT
    assert error_of(await ada.client.post("/auth/logout", headers=bearer_header(first))) == (401, "unauthenticated")
    assert await ada.status_with(second) == 200


# Changes of the user


async def test_new_password_ends_other_sessions(ada: AuthenticatedUser) -> None:
    own, other = await ada.log_in(), await ada.log_in()
    change = {"current_password": PASSWORD, "new_password": OTHER}
    response = await ada.client.put("/auth/password", json=change, headers=bearer_header(own))
    assert (response.status_code, response.content) == (204, b"")
    assert [await ada.status_with(tokens) for tokens in (own, other)] == [200, 401]
    assert token_error_of(await refresh(ada.client, other)) == INVALID_GRANT
    assert (await refresh(ada.client, own)).status_code == 200
    assert token_error_of(await ada.try_log_in(PASSWORD)) == INVALID_GRANT
    assert (await ada.try_log_in(OTHER)).status_code == 200


async def test_new_password_needs_current_one_and_session(ada: AuthenticatedUser) -> None:
    own = await ada.log_in()
    change = {"current_password": OTHER, "new_password": "YetAnother789"}
    assert error_of(await ada.client.put("/auth/password", json=change)) == (401, "unauthenticated")
    for _ in range(ATTEMPTS):
        response = await ada.client.put("/auth/password", json=change, headers=bearer_header(own))
        assert error_of(response) == (400, "wrong-password")
    response = await ada.client.put(
        "/auth/password", json=change | {"current_password": PASSWORD}, headers=bearer_header(own)
    )
    assert error_of(response) == (429, "too-many-attempts")
    weak = {"current_password": PASSWORD, "new_password": "weak"}
    assert error_of(await ada.client.put("/auth/password", json=weak, headers=bearer_header(own))) == (
        422,
        "validation-failed",
    )
    assert await ada.status_with(own) == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_password_in_user_change_ends_other_sessions(ada: AuthenticatedUser, method: str) -> None:
    own, other = await ada.log_in(), await ada.log_in()
    fields = {"username": "ada", "email": "ada@example.com"} if method == "PUT" else {}
    path = f"/users/{ada.user['id']}"
    unchanged = await ada.client.request(method, path, json={**fields, "bio": "Countess."}, headers=bearer_header(own))
    assert unchanged.status_code == 200
    assert await ada.status_with(other) == 200
    changed = await ada.client.request(method, path, json={**fields, "password": OTHER}, headers=bearer_header(own))
    assert changed.status_code == 200
    assert [await ada.status_with(tokens) for tokens in (own, other)] == [200, 401]


async def test_password_set_by_superuser_ends_all_sessions(ada: AuthenticatedUser, protected_app: FastAPI) -> None:
    tokens = await ada.log_in()
    root = await AuthenticatedUser.register(ada.client, "root")
    await superusers.promote(protected_app.state.storage, root.user["id"])
    own = await root.log_in()
    response = await ada.client.patch(f"/users/{ada.user['id']}", json={"password": OTHER}, headers=bearer_header(own))
    assert response.status_code == 200
    assert (await ada.status_with(tokens), await root.status_with(own)) == (401, 200)


async def test_deactivated_user_is_logged_out_for_good(ada: AuthenticatedUser, protected_app: FastAPI) -> None:
    tokens = await ada.log_in()
    response = await ada.client.delete(f"/users/{ada.user['id']}/soft", headers=bearer_header(tokens))
    assert response.status_code == 200
    assert await ada.status_with(tokens) == 401
    assert token_error_of(await refresh(ada.client, tokens)) == INVALID_GRANT
    assert token_error_of(await ada.try_log_in()) == INVALID_GRANT
    app = protected_app.state
    await users.patch_user(app.storage, app.hasher, ada.user["id"], {"is_active": True})
    assert await ada.status_with(tokens) == 401
    assert (await ada.try_log_in()).status_code == 200


async def test_bulk_deactivation_logs_users_out(ada: AuthenticatedUser, protected_app: FastAPI) -> None:
    tokens = await ada.log_in()
    await asyncio.sleep(0.01)  # the user was changed before now, to the millisecond
    assert await users.deactivate_stale(protected_app.state.storage, days=0) == 1
    assert await ada.status_with(tokens) == 401
    assert token_error_of(await refresh(ada.client, tokens)) == INVALID_GRANT
    assert token_error_of(await ada.try_log_in()) == INVALID_GRANT


async def test_session_ends_with_its_user(ada: AuthenticatedUser, protected_app: FastAPI) -> None:
    tokens = await ada.log_in()
    await protected_app.state.storage.run(lambda tx: tx.users.delete(ada.user["id"], clock.now()))
    assert await ada.status_with(tokens) == 401
    assert token_error_of(await refresh(ada.client, tokens)) == INVALID_GRANT


# Several processes


@pytest.fixture
def two_protected_servers(settings: Settings, tmp_path: Path) -> Iterator[list[str]]:
    """As ``two_servers``, with authentication."""
    with run_servers(protected_settings_for(settings.url), tmp_path, 2) as urls:
        yield urls


@pytest.mark.needs("shared")
async def test_processes_share_sessions_and_limits(two_protected_servers: list[str]) -> None:
    async with ConcurrentClients.connect(two_protected_servers, count(1)) as clients:
        here, there = clients.all
        ada = await AuthenticatedUser.register(here)
        elsewhere = AuthenticatedUser(there, ada.user)
        tokens = await ada.log_in()
        assert await elsewhere.status_with(tokens) == 200
        fresh = (await refresh(there, tokens)).json()
        assert token_error_of(await refresh(here, tokens)) == INVALID_GRANT
        assert await elsewhere.status_with(fresh) == 401
        await check_race_and_limits(clients, ada)


async def check_race_and_limits(clients: ConcurrentClients, ada: AuthenticatedUser) -> None:
    """Use one refresh token at both processes at once; then guess too often, spread over both."""
    tokens = await ada.log_in()
    refreshed = await clients.run(6, lambda client, _: refresh(client, tokens))
    assert count_token_outcomes(refreshed) == {200: 1, INVALID_GRANT: 5}
    guesses = await clients.run(2 * ATTEMPTS, lambda client, _: log_in(client, "ada", OTHER))
    limited = [response for response in guesses if response.status_code == 429]
    assert count_outcomes(limited) == {(429, "too-many-attempts"): ATTEMPTS}
    for client in clients.all:
        assert error_of(await log_in(client, "ada", PASSWORD)) == (429, "too-many-attempts")
