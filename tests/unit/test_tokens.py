"""Access tokens: who can make one, and for how long it is good."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from conformance.defaults import protected_settings_for
from core import clock
from core.tokens import Claims, Tokens, fingerprint

OLD, NEW, FOREIGN = "old-" * 8, "new-" * 8, "foreign-" * 4
CLAIMS = Claims(7, "session")


def tokens(*keys: str, **settings: Any) -> Tokens:
    return Tokens(protected_settings_for("nowhere://", secret_keys=",".join(keys), **settings))


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Stops the clock; each call moves it on."""
    time = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)

    def move(step: timedelta) -> None:
        nonlocal time
        time += step

    monkeypatch.setattr(clock, "now", lambda: time)
    return move


def test_a_token_says_whose_it_is_and_names_its_key() -> None:
    token = tokens(NEW).sign(CLAIMS)
    assert tokens(NEW).read(token) == CLAIMS
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": fingerprint(NEW)}
    assert NEW not in fingerprint(NEW)


def test_keys_are_changed_without_a_log_out() -> None:
    before = tokens(OLD).sign(CLAIMS)
    during = tokens(NEW, OLD)
    assert during.read(before) == CLAIMS
    after = during.sign(CLAIMS)
    assert tokens(NEW).read(after) == CLAIMS, "the first key signs"
    assert tokens(OLD).read(after) is None
    assert tokens(NEW).read(before) is None, "the old key is gone"


def test_a_token_is_good_for_so_many_seconds_by_the_clock_of_the_shop(tick: Callable[[timedelta], None]) -> None:
    desk = tokens(NEW, access_token_seconds=60)
    token = desk.sign(CLAIMS)
    tick(timedelta(seconds=59))
    assert desk.read(token) == CLAIMS
    tick(timedelta(seconds=1))
    assert desk.read(token) is None


def forged(key: str, kid: str, algorithm: str = "HS256", **changes: Any) -> str:
    now = int(clock.now().timestamp())
    payload = {"sub": "7", "sid": "session", "iat": now, "exp": now + 60} | changes
    kept = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(kept, key, algorithm, headers={"kid": kid})


def test_a_forged_token_would_pass_with_the_key() -> None:
    assert tokens(NEW).read(forged(NEW, fingerprint(NEW))) == CLAIMS


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "ä.ö.ü",
        "\x00",
        forged(FOREIGN, fingerprint(NEW)),
        forged(FOREIGN, fingerprint(FOREIGN)),
        forged(NEW, "", algorithm="HS256"),
        forged(NEW * 2, fingerprint(NEW), algorithm="HS512"),
        forged("", fingerprint(NEW), algorithm="none"),
        *(forged(NEW, fingerprint(NEW), "HS256", **{name: None}) for name in ("sub", "sid", "iat", "exp")),
        *(forged(NEW, fingerprint(NEW), sub=sub) for sub in ("", "x", "0", "-7", "٧", "7\n", "9" * 5000)),
        forged(NEW, fingerprint(NEW), sid=[]),
        forged(NEW, fingerprint(NEW), exp="soon"),
    ],
)
def test_what_is_not_a_token_of_ours_says_nothing(token: str) -> None:
    assert tokens(NEW).read(token) is None


def test_a_signature_covers_every_claim() -> None:
    desk = tokens(NEW)
    head, payload, signature = desk.sign(CLAIMS).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "1"}).encode()).rstrip(b"=").decode()
    assert desk.read(f"{head}.{other}.{signature}") is None
    assert desk.read(f"{head}.{payload}.") is None


def test_without_keys_no_token_is_good() -> None:
    assert (
        Tokens(protected_settings_for("nowhere://", auth="off", secret_keys="")).read(tokens(NEW).sign(CLAIMS)) is None
    )
