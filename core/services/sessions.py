"""Sessions: logging in, staying logged in, logging out.

A session is an entry. Its key is made of the session's id, which is drawn at random; its value is the hash of what the
next refresh token must hold. Access tokens name the session too, so whatever ends it ends them at once.
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

_MAX_ATTEMPTS = 5  # of a log-in while somebody else keeps changing the user
_BYTES = 32  # of chance in what nobody may guess


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What somebody who has logged in gets; exists until it is answered, nowhere else.

    Attributes:
        access_token: to be sent with each request.
        refresh_token: good for one more grant.
        seconds: how long the access token is good for.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    seconds: int


async def authenticate(storage: Storage, tokens: Tokens, bearer: str) -> User | None:
    """Who sends this access token; None where it is none or too old, its session has ended, or its user is inactive.

    Takes one round trip where the token is one of ours, else none.
    """
    claims = tokens.read(bearer)
    if claims is None:
        return None
    user = await storage.expiring.owner(session_key(claims.session), clock.now())
    return user if user is not None and user.is_active and user.id == claims.user_id else None


class Sessions:
    """What lets people in and out again; holds no storage, so that one does for all."""

    def __init__(self, settings: Settings, tokens: Tokens, hasher: PasswordHasher) -> None:
        self._settings, self._tokens, self._hasher = settings, tokens, hasher
        self._lifetime = timedelta(seconds=settings.refresh_token_seconds)

    async def log_in(self, storage: Storage, name: str, password: str, address: str) -> TokenPair:
        """Begin a session of the user with this username or e-mail address.

        Does and says the same where there is no such user, where it is inactive, and where its password is another.

        Raises:
            InvalidGrant: the password is not that of an active user of this name.
            TooManyAttempts: that was so too often, for this name or from this address.
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
        """The next grant of a session. A refresh token that was used before ends it: somebody has stolen one.

        Raises:
            InvalidGrant: the token is none, or was used before, or its session has ended.
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
        return self._grant(user.id, session, fresh)

    async def change_password(
        self, storage: Storage, user: User, session: str, given: PasswordChange, address: str
    ) -> None:
        """Change a user's password, and end its sessions but the one given.

        Raises:
            WrongPassword: the current one is another.
            TooManyAttempts: that was so too often, for this user or from this address.
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
        """The credentials that fit an active user; None, and counted, where there are none."""
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
        """A new session; None where the user has been changed since the password was verified."""
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
            await tx.expiring.insert_or_lock(_ticket(session, secret, user.id, now + self._lifetime), now)
            return True

        return self._grant(proven.user.id, session, secret) if await storage.run(work) else None

    def _grant(self, user_id: int, session: str, secret: str) -> TokenPair:
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
    """A user, locked; None where it is gone or another by now, so that what was proven of it may not hold any more."""
    try:
        locked = await tx.users.lock(user.id)
    except NotFound:
        return None
    return locked if locked.version == user.version else None


def _ticket(session: str, secret: str, user_id: int, expires_at: datetime) -> ExpiringEntry:
    return ExpiringEntry(
        key=session_key(session),
        kind=EntryKind.SESSION,
        user_id=user_id,
        value=_hash(secret),
        expires_at=expires_at,
    )


def _hash(secret: str) -> str:
    """What is stored of a refresh token's secret, which is random, so that nothing slower is needed."""
    return sha256(secret.encode()).hexdigest()


def _normalize_name(name: str) -> str:
    """A name as storage can be asked for it; of one that nobody can have, the empty one, which nobody has either."""
    try:
        cleaned = clean(name)
    except ValueError:
        return ""
    return cleaned if len(fold(cleaned)) <= MAX_KEY else ""
