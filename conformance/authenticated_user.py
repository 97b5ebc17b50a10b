"""A user that logs in at the protected API."""

from typing import Any

import httpx2

from conformance.shop import PASSWORD

Json = dict[str, Any]


class AuthenticatedUser:
    """A registered user at a protected API."""

    def __init__(self, client: httpx2.AsyncClient, user: Json, password: str = PASSWORD) -> None:
        self.client, self.user, self.password = client, user, password

    @classmethod
    async def register(cls, client: httpx2.AsyncClient, name: str = "ada") -> "AuthenticatedUser":
        """A new user."""
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        response = await client.post("/users", json=body)
        assert response.status_code == 201, response.text
        return cls(client, response.json())

    async def try_log_in(self, password: str | None = None, name: str | None = None) -> httpx2.Response:
        """The response to a log-in, by default with the user's own name and password."""
        return await log_in(self.client, name or self.user["username"], password or self.password)

    async def log_in(self) -> Json:
        """The tokens that a successful log-in returns."""
        response = await self.try_log_in()
        assert response.status_code == 200, response.text
        tokens: Json = response.json()
        return tokens

    async def status_with(self, tokens: Json) -> int:
        """The status of a request for the user itself with an access token: 200 where it is valid, 401 otherwise."""
        response = await self.client.get(f"/users/{self.user['id']}", headers=bearer_header(tokens))
        assert response.status_code in {200, 401}, response.text
        return response.status_code


def bearer_header(tokens: Json) -> dict[str, str]:
    """The header that carries an access token."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def log_in(client: httpx2.AsyncClient, name: str, password: str) -> httpx2.Response:
    """The response to a log-in."""
    form = {"grant_type": "password", "username": name, "password": password}
    return await client.post("/auth/token", data=form)


async def refresh(client: httpx2.AsyncClient, tokens: Json) -> httpx2.Response:
    """The response to the use of a refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return await client.post("/auth/token", data=form)


def token_error_of(response: httpx2.Response) -> tuple[int, str, str]:
    """Status, type and ``error`` (RFC 6749, section 5.2) of a token request that failed."""
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert "no-store" in response.headers["cache-control"]
    assert set(problem) == {"type", "title", "status", "detail", "instance", "errors", "error"}, problem
    return response.status_code, problem["type"].rpartition(":")[2], problem["error"]


INVALID_GRANT = (400, "invalid-grant", "invalid_grant")
