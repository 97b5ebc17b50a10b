"""Log-ins: token requests, limits for failed ones, and password hashes."""

import asyncio
from datetime import timedelta

import argon2
import httpx2
import pytest
from fastapi import FastAPI

from conformance.authenticated_user import (
    INVALID_GRANT,
    AuthenticatedUser,
    log_in,
    refresh,
    token_error_of,
)
from conformance.defaults import protected_settings_for
from conformance.fixtures import Tick
from conformance.problem import error_of
from conformance.shop import PASSWORD
from core.passwords import PasswordHasher
from core.services import users

OTHER = "AnotherPass456"
ATTEMPTS = 10
WINDOW = timedelta(seconds=900)
MILLISECOND = timedelta(milliseconds=1)


async def test_log_in_by_username_or_email_in_any_case(ada: AuthenticatedUser) -> None:
    for name in ("ada", "ADA", " ada ", "ada@example.com", "Ada@Example.COM"):
        response = await ada.try_log_in(name=name)
        tokens = response.json()
        assert response.status_code == 200, name
        assert "no-store" in response.headers["cache-control"]
        assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token"}
        assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 900)
        assert await ada.status_with(tokens) == 200


async def test_failed_log_ins_look_the_same(ada: AuthenticatedUser, protected_app: FastAPI) -> None:
    inactive = await AuthenticatedUser.register(ada.client, "gone")
    await users.deactivate(protected_app.state.storage, inactive.user["id"])
    names = ("ada", "gone", "unknown", "unknown@example.com", "a\x00b", "x" * 5000, "٣", "ada'--", "$ne")
    responses = [await ada.try_log_in(OTHER, name) for name in names]
    responses.append(await inactive.try_log_in())
    for response in responses:
        assert token_error_of(response) == INVALID_GRANT
    assert len({response.json()["detail"] for response in responses}) == 1


async def test_unknown_user_costs_like_wrong_password(
    ada: AuthenticatedUser, protected_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []
    original = argon2.PasswordHasher.verify

    def recording_verify(self: argon2.PasswordHasher, hash: str, password: str) -> bool:
        hashes.append(hash)
        return original(self, hash, password)

    await ada.try_log_in(OTHER)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", recording_verify)
    for name in ("ada", "unknown"):
        assert token_error_of(await ada.try_log_in(OTHER, name)) == INVALID_GRANT
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
    anonymous_client: httpx2.AsyncClient, form: dict[str, str], error: str
) -> None:
    assert token_error_of(await anonymous_client.post("/auth/token", data=form)) == (
        400,
        error.replace("_", "-"),
        error,
    )


async def test_token_request_is_a_small_form(anonymous_client: httpx2.AsyncClient) -> None:
    json = await anonymous_client.post("/auth/token", json={"grant_type": "password"})
    assert error_of(json) == (415, "unsupported-media-type")
    assert error_of(await log_in(anonymous_client, "ada", "x" * 20_000)) == (413, "content-too-large")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"\xff=1", b"grant_type=%FF", b"&".join([b"a=1"] * 100)):
        assert (
            token_error_of(await anonymous_client.post("/auth/token", content=body, headers=kind))[2]
            == "invalid_request"
        )


async def test_extra_oauth_parameters_are_ignored(ada: AuthenticatedUser) -> None:
    form = {"grant_type": "password", "username": "ada", "password": PASSWORD, "scope": "", "client_id": "docs"}
    for header in ("Basic ZG9jczo=", "Bearer long-gone"):
        response = await ada.client.post("/auth/token", data=form, headers={"Authorization": header})
        assert response.status_code == 200, response.text


# Limits


async def test_failed_log_ins_per_name_are_limited(ada: AuthenticatedUser, tick: Tick) -> None:
    tick(timedelta())
    for name in ("ada", "unknown"):
        for _ in range(ATTEMPTS):
            assert token_error_of(await ada.try_log_in(OTHER, name)) == INVALID_GRANT
        response = await ada.try_log_in(PASSWORD, name)
        assert error_of(response) == (429, "too-many-attempts"), "the right password does not help either"
        assert response.headers["retry-after"] == "900"
    tick(WINDOW - MILLISECOND)
    response = await ada.try_log_in()
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    tick(MILLISECOND)
    await ada.log_in()


async def test_log_in_resets_the_failure_count(ada: AuthenticatedUser) -> None:
    for _ in range(2):
        for _ in range(ATTEMPTS - 1):
            assert token_error_of(await ada.try_log_in(OTHER)) == INVALID_GRANT
        await ada.log_in()


async def test_failed_log_ins_per_address_are_limited(ada: AuthenticatedUser, protected_app: FastAPI) -> None:
    def at(host: str) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=protected_app, client=(host, 1))
        return httpx2.AsyncClient(transport=transport, base_url="http://shop.test")

    async with at("2001:db8::1") as one, at("2001:db8::2") as two, at("2001:db8:0:1::1") as other:
        for number in range(10 * ATTEMPTS):
            client = two if number % 2 else one
            assert token_error_of(await log_in(client, f"unknown_{number}", OTHER)) == INVALID_GRANT
        for client in (one, two):
            assert error_of(await log_in(client, "ada", PASSWORD)) == (429, "too-many-attempts")
        assert (await log_in(other, "ada", PASSWORD)).status_code == 200


async def test_concurrent_guesses_are_limited_too(ada: AuthenticatedUser) -> None:
    responses = await asyncio.gather(*(ada.try_log_in(OTHER) for _ in range(2 * ATTEMPTS)))
    rejected = [response for response in responses if response.status_code == 429]
    assert len(rejected) == ATTEMPTS
    assert {token_error_of(response) for response in responses if response not in rejected} == {INVALID_GRANT}


# Passwords


async def test_outdated_hash_is_replaced_at_log_in(ada: AuthenticatedUser, protected_app: FastAPI) -> None:
    storage = protected_app.state.storage
    old = protected_settings_for("nowhere://", argon2_time_cost=2)
    await users.patch_user(storage, PasswordHasher(old), ada.user["id"], {"password": PASSWORD})
    before = await storage.users.credentials("ada")
    await ada.try_log_in(OTHER)
    assert await storage.users.credentials("ada") == before, "only a successful log-in changes it"
    await ada.log_in()
    after = await storage.users.credentials("ada")
    assert [argon2.extract_parameters(found.password_hash).time_cost for found in (before, after)] == [2, 1]
    await ada.log_in()
    assert await storage.users.credentials("ada") == after


async def test_password_changed_during_log_in_fails_it(
    ada: AuthenticatedUser, protected_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = protected_app.state
    original = PasswordHasher.verify
    changed = False

    async def verify_and_change(self: PasswordHasher, password_hash: str | None, password: str) -> bool:
        nonlocal changed
        verified = await original(self, password_hash, password)
        if not changed:
            changed = True
            await users.patch_user(app.storage, app.hasher, ada.user["id"], {"password": OTHER})
        return verified

    monkeypatch.setattr(PasswordHasher, "verify", verify_and_change)
    assert token_error_of(await ada.try_log_in(PASSWORD)) == INVALID_GRANT
    assert (await ada.try_log_in(OTHER)).status_code == 200


async def test_log_in_is_404_without_authentication(client: httpx2.AsyncClient) -> None:
    assert error_of(await log_in(client, "ada", PASSWORD)) == (404, "not-found")
    assert error_of(await client.post("/auth/logout")) == (404, "not-found")
    assert error_of(await client.put("/auth/password", json={})) == (404, "not-found")


async def test_stored_and_logged_data_has_no_secrets(
    ada: AuthenticatedUser, protected_app: FastAPI, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    tokens = await ada.log_in()
    session, secret = tokens["refresh_token"].split(".")
    await ada.try_log_in(OTHER)
    await refresh(ada.client, tokens)
    await ada.client.put("/auth/password", json={"current_password": OTHER, "new_password": PASSWORD + "4"})
    written = "".join(capfd.readouterr()) + caplog.text + repr(vars(protected_app.state))
    for hidden in (session, secret, tokens["access_token"], PASSWORD, OTHER):
        assert hidden not in written
