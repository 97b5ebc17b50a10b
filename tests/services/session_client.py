"""A client of the sessions of a storage."""

from dataclasses import dataclass

from core.entities import User
from core.services import sessions
from core.services.sessions import Sessions, TokenPair
from core.storage import Storage
from core.tokens import Tokens
from tests.services.factory import PASSWORD


@dataclass(frozen=True, slots=True)
class SessionClient:
    """Logs in to a storage, and does what its tokens allow."""

    storage: Storage
    tokens: Tokens
    service: Sessions

    async def log_in(self, name: str = "ada", password: str = PASSWORD, address: str = "192.0.2.1") -> TokenPair:
        return await self.service.log_in(self.storage, name, password, address)

    async def refresh(self, pair: TokenPair) -> TokenPair:
        return await self.service.refresh(self.storage, pair.refresh_token)

    async def log_out(self, pair: TokenPair) -> None:
        await sessions.log_out(self.storage, self.session_of(pair))

    async def user_of(self, pair: TokenPair) -> User | None:
        """The user that an access token authenticates."""
        return await sessions.authenticate(self.storage, self.tokens, pair.access_token)

    def session_of(self, pair: TokenPair) -> str:
        """The id of the session that an access token names."""
        claims = self.tokens.read(pair.access_token)
        assert claims is not None
        return claims.session
