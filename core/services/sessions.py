"""Sessions: log-in, refresh, log-out, password change.

A session is an expiring entry. Its key is derived from the session's random id; its value is the hash of the next
refresh token's secret. Access tokens name the session, so they end with it.
"""

import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from core import clock
from core.entities import Credentials, EntryKind, ExpiringEntry, PasswordChange, User
from core.entities.fields import MAX_KEY
from core.errors import InvalidGrant, NotFound, RetriesExhausted, WrongPassword
from core.passwords import PasswordHasher
from core.services.expiring import end_sessions, session_key
from core.services.login_throttle import LoginThrottle
from core.services.versioning import bump_version
from core.settings import Settings
from core.storage import Storage, Transaction
from core.text import clean, fold
from core.tokens import Claims, Tokens

_MAX_ATTEMPTS = 5  # of a log-in while other requests keep changing the user
_BYTES = 32  # of randomness in ids and secrets


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of a session, as a log-in or a refresh returns them.

    Attributes:
        access_token: for the header of each request.
        refresh_token: valid once, for the next pair.
        seconds: lifetime of the access token.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    seconds: int


async def authenticate(storage: Storage, tokens: Tokens, bearer: str) -> User | None:
    """The user of an access token; None where it is invalid or expired, its session has ended, or its user is inactive.

    Takes one round trip for a valid token, else none.
    """
    claims = tokens.read(bearer)
    if claims is None:
        return None
    user = await storage.expiring.owner(session_key(claims.session), clock.now())
    return user if user is not None and user.is_active and user.id == claims.user_id else None


class Sessions:
    """Log-in, refresh and password change. Holds no storage, so that one instance serves all."""

    def __init__(self, settings: Settings, tokens: Tokens, hasher: PasswordHasher) -> None:
        self._settings, self._tokens, self._hasher = settings, tokens, hasher
        self._lifetime = timedelta(seconds=settings.refresh_token_seconds)

    async def log_in(self, storage: Storage, name: str, password: str, address: str) -> TokenPair:
        """Start a session of the user with this username or e-mail address.

        The work and the answer are the same for an unknown user, an inactive one, and a wrong password.

        Raises:
            InvalidGrant: the password is not that of an active user of this name.
            TooManyAttempts: too many failures for this name or from this address.
        """
        name = _normalize_name(name)
        throttle = LoginThrottle.of(self._settings, "name", fold(name), address)
        for _ in range(_MAX_ATTEMPTS):
            proven = await self._verify_credentials(storage, name, password, throttle)
            if proven is None:
                raise InvalidGrant
            grant = await self._start_session(storage, proven, password, throttle)
            if grant is not None:
                return grant
        raise RetriesExhausted

    async def refresh(self, storage: Storage, refresh_token: str) -> TokenPair:
        """The next token pair of a session. A refresh token that was used before ends the session: it may be stolen.

        Raises:
            InvalidGrant: the token is invalid or was used before, or its session has ended.
        """
        session, _, secret = refresh_token.partition(".")
        key, fresh = session_key(session), secrets.token_urlsafe(_BYTES)

        async def work(tx: Transaction) -> User | None:
            now = clock.now()
            entry = await tx.expiring.lock(key, now)
            if entry is None:
                return None
            if not hmac.compare_digest(entry.value, _hash(secret)):
                await tx.expiring.delete(key)
                return None
            user = await tx.expiring.owner(key, now)
            await tx.expiring.save(replace(entry, value=_hash(fresh), expires_at=now + self._lifetime))
            return user

        user = await storage.run(work)
        if user is None or not user.is_active:
            raise InvalidGrant("The refresh token is invalid or was already used. Log in again.")
        return self._make_token_pair(user.id, session, fresh)

    async def change_password(
        self, storage: Storage, user: User, session: str, given: PasswordChange, address: str
    ) -> None:
        """Change a user's password, and end all its sessions except ``session``.

        Raises:
            WrongPassword: the current password does not match.
            TooManyAttempts: too many failures for this user or from this address.
        """
        throttle = LoginThrottle.of(self._settings, "user", str(user.id), address)
        password_hash = None
        for _ in range(_MAX_ATTEMPTS):
            proven = await self._verify_credentials(storage, user.username, given.current_password, throttle)
            if proven is None or proven.user.id != user.id:
                raise WrongPassword
            password_hash = password_hash or await self._hasher.hash(given.new_password)
            if await _store_password(storage, proven, password_hash, session, throttle):
                return
        raise RetriesExhausted

    async def _verify_credentials(
        self, storage: Storage, name: str, password: str, throttle: LoginThrottle
    ) -> Credentials | None:
        """The credentials of the active user; None where they do not match, which counts as a failure."""
        await throttle.check(storage)
        found = await storage.users.credentials(name)
        verified = await self._hasher.verify(found.password_hash if found else None, password)
        if found is not None and verified and found.user.is_active:
            return found
        await storage.run(throttle.record_failure)
        return None

    async def _start_session(
        self, storage: Storage, proven: Credentials, password: str, throttle: LoginThrottle
    ) -> TokenPair | None:
        """A new session; None where the user was changed after the password was verified."""
        session, secret = secrets.token_urlsafe(_BYTES), secrets.token_urlsafe(_BYTES)
        needs_rehash = self._hasher.needs_rehash(proven.password_hash)
        rehashed = await self._hasher.hash(password) if needs_rehash else None

        async def work(tx: Transaction) -> bool:
            user = await _lock_if_unchanged(tx, proven.user)
            if user is None:
                return False
            await throttle.record_success(tx)
            if rehashed is not None:
                await tx.users.save(bump_version(user), rehashed)
            now = clock.now()
            await tx.expiring.insert_or_lock(_session_entry(session, secret, user.id, now + self._lifetime), now)
            return True

        return self._make_token_pair(proven.user.id, session, secret) if await storage.run(work) else None

    def _make_token_pair(self, user_id: int, session: str, secret: str) -> TokenPair:
        access_token = self._tokens.sign(Claims(user_id, session))
        return TokenPair(access_token, f"{session}.{secret}", self._settings.access_token_seconds)


async def log_out(storage: Storage, session: str) -> None:
    """End a session; nothing where it has ended."""
    await storage.run(lambda tx: tx.expiring.delete(session_key(session)))


async def _store_password(
    storage: Storage, proven: Credentials, password_hash: str, session: str, throttle: LoginThrottle
) -> bool:
    async def work(tx: Transaction) -> bool:
        user = await _lock_if_unchanged(tx, proven.user)
        if user is None:
            return False
        await throttle.record_success(tx)
        await tx.users.save(bump_version(user), password_hash)
        await end_sessions(tx, user.id, session)
        return True

    return await storage.run(work)


async def _lock_if_unchanged(tx: Transaction, user: User) -> User | None:
    """The user, locked; None where it was deleted or changed after its credentials were verified."""
    try:
        locked = await tx.users.lock(user.id)
    except NotFound:
        return None
    return locked if locked.version == user.version else None


def _session_entry(session: str, secret: str, user_id: int, expires_at: datetime) -> ExpiringEntry:
    return ExpiringEntry(
        key=session_key(session),
        kind=EntryKind.SESSION,
        user_id=user_id,
        value=_hash(secret),
        expires_at=expires_at,
    )


def _hash(secret: str) -> str:
    """The stored hash of a refresh token's secret, which is random and needs no slow hash."""
    return sha256(secret.encode()).hexdigest()


def _normalize_name(name: str) -> str:
    """A name in the form that look-ups take; the empty one, which matches no user, where it cannot be a name."""
    try:
        cleaned = clean(name)
    except ValueError:
        return ""
    return cleaned if len(fold(cleaned)) <= MAX_KEY else ""
