"""Access tokens: signing, verification and expiry."""

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
    """Stops the clock; each call advances it."""
    time = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)

    def move(step: timedelta) -> None:
        nonlocal time
        time += step

    monkeypatch.setattr(clock, "now", lambda: time)
    return move


def test_token_holds_its_claims_and_key_id() -> None:
    token = tokens(NEW).sign(CLAIMS)
    assert tokens(NEW).read(token) == CLAIMS
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": fingerprint(NEW)}
    assert NEW not in fingerprint(NEW)


def test_key_rotation_keeps_sessions() -> None:
    before = tokens(OLD).sign(CLAIMS)
    during = tokens(NEW, OLD)
    assert during.read(before) == CLAIMS
    after = during.sign(CLAIMS)
    assert tokens(NEW).read(after) == CLAIMS, "the first key signs"
    assert tokens(OLD).read(after) is None
    assert tokens(NEW).read(before) is None, "the old key is gone"


def test_token_expires(tick: Callable[[timedelta], None]) -> None:
    signer = tokens(NEW, access_token_seconds=60)
    token = signer.sign(CLAIMS)
    tick(timedelta(seconds=59))
    assert signer.read(token) == CLAIMS
    tick(timedelta(seconds=1))
    assert signer.read(token) is None


def forge(key: str, kid: str, algorithm: str = "HS256", **changes: Any) -> str:
    now = int(clock.now().timestamp())
    payload = {"sub": "7", "sid": "session", "iat": now, "exp": now + 60} | changes
    present = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(present, key, algorithm, headers={"kid": kid})


def test_token_signed_with_the_key_is_valid() -> None:
    assert tokens(NEW).read(forge(NEW, fingerprint(NEW))) == CLAIMS


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "ä.ö.ü",
        "\x00",
        forge(FOREIGN, fingerprint(NEW)),
        forge(FOREIGN, fingerprint(FOREIGN)),
        forge(NEW, "", algorithm="HS256"),
        forge(NEW * 2, fingerprint(NEW), algorithm="HS512"),
        forge("", fingerprint(NEW), algorithm="none"),
        *(forge(NEW, fingerprint(NEW), "HS256", **{name: None}) for name in ("sub", "sid", "iat", "exp")),
        *(forge(NEW, fingerprint(NEW), sub=sub) for sub in ("", "x", "0", "-7", "٧", "7\n", "9" * 5000)),
        forge(NEW, fingerprint(NEW), sid=[]),
        forge(NEW, fingerprint(NEW), exp="soon"),
    ],
)
def test_foreign_token_is_invalid(token: str) -> None:
    assert tokens(NEW).read(token) is None


def test_signature_covers_every_claim() -> None:
    signer = tokens(NEW)
    head, payload, signature = signer.sign(CLAIMS).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "1"}).encode()).rstrip(b"=").decode()
    assert signer.read(f"{head}.{other}.{signature}") is None
    assert signer.read(f"{head}.{payload}.") is None


def test_token_without_keys_is_invalid() -> None:
    assert (
        Tokens(protected_settings_for("nowhere://", auth="off", secret_keys="")).read(tokens(NEW).sign(CLAIMS)) is None
    )
