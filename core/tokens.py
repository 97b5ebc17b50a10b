"""Access tokens: JSON Web Tokens (RFC 7519), signed and verified by PyJWT."""

import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from core import clock
from core.settings import Settings

_ALGORITHM = "HS256"
_ID = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_OPTIONS: Any = {
    "require": ["sub", "sid", "iat", "exp"],
    "verify_exp": False,  # verified below, by ``core.clock``
    "verify_iat": False,  # the clock of another process may be ahead of ours
}


@dataclass(frozen=True, slots=True)
class Claims:
    """The content of an access token: its user and its session."""

    user_id: int
    session: str


class Tokens:
    """Signs with the first secret key and verifies with all, so that keys can be rotated without ending sessions.

    Without keys it accepts no token, and the library is not imported: it takes as long as the rest of ``core``.
    """

    def __init__(self, settings: Settings) -> None:
        self._keys = {fingerprint(key): key.encode() for key in settings.keys}
        if self._keys:
            import jwt  # noqa: PLC0415

            self._jwt = jwt
        self._seconds = settings.access_token_seconds

    def sign(self, claims: Claims) -> str:
        """A token that is valid for ``access_token_seconds``, from now on."""
        now = clock.now()
        payload = {
            "sub": str(claims.user_id),
            "sid": claims.session,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=self._seconds)).timestamp()),
        }
        kid, key = next(iter(self._keys.items()))
        return self._jwt.encode(payload, key, _ALGORITHM, headers={"kid": kid})

    def read(self, token: str) -> Claims | None:
        """The claims of a token; None for one that is not signed with our keys, or expired."""
        if not self._keys:
            return None
        try:
            key = self._keys.get(self._jwt.get_unverified_header(token).get("kid", ""))
            if key is None:
                return None
            payload = self._jwt.decode(token, key, [_ALGORITHM], options=_OPTIONS)
        except self._jwt.PyJWTError:
            return None
        return _claims(payload)


def _claims(payload: dict[str, Any]) -> Claims | None:
    subject, session, expiry = payload["sub"], payload["sid"], payload["exp"]
    if not (isinstance(session, str) and isinstance(expiry, int) and _ID.fullmatch(subject)):
        return None  # signed with our key, but by another program
    return Claims(int(subject), session) if clock.now().timestamp() < expiry else None


def fingerprint(key: str) -> str:
    """The id of a secret key in tokens, which does not reveal the key."""
    return sha256(b"stockroom:" + key.encode()).hexdigest()[:16]
