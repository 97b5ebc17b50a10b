"""Somebody who logs in at the protected API."""

from typing import Any

import httpx2

from conformance.shop import PASSWORD

Json = dict[str, Any]


class Member:
    """A registered user at a protected API; each method returns what the API answered."""

    def __init__(self, client: httpx2.AsyncClient, user: Json, password: str = PASSWORD) -> None:
        self.client, self.user, self.password = client, user, password

    @classmethod
    async def register(cls, client: httpx2.AsyncClient, name: str = "ada") -> "Member":
        """A new user."""
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        answer = await client.post("/users", json=body)
        assert answer.status_code == 201, answer.text
        return cls(client, answer.json())

    async def attempt(self, password: str | None = None, name: str | None = None) -> httpx2.Response:
        """The answer to a log-in, with its own name and password unless told otherwise."""
        return await log_in(self.client, name or self.user["username"], password or self.password)

    async def log_in(self) -> Json:
        """What a log-in that succeeds is answered."""
        answer = await self.attempt()
        assert answer.status_code == 200, answer.text
        granted: Json = answer.json()
        return granted

    async def sees_itself(self, granted: Json) -> int:
        """The status of the user's own page, asked for with an access token: 200 where that is good."""
        answer = await self.client.get(f"/users/{self.user['id']}", headers=bearer(granted))
        assert answer.status_code in {200, 401}, answer.text
        return answer.status_code


def bearer(granted: Json) -> dict[str, str]:
    """The header that shows an access token."""
    return {"Authorization": f"Bearer {granted['access_token']}"}


async def log_in(client: httpx2.AsyncClient, name: str, password: str) -> httpx2.Response:
    """The answer to a log-in."""
    form = {"grant_type": "password", "username": name, "password": password}
    return await client.post("/auth/token", data=form)


async def refresh(client: httpx2.AsyncClient, granted: Json) -> httpx2.Response:
    """The answer to a refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    return await client.post("/auth/token", data=form)


def denied(answer: httpx2.Response) -> tuple[int, str, str]:
    """Status, type and ``error`` (RFC 6749, section 5.2) of a token that was not granted."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no-store" in answer.headers["cache-control"]
    assert set(problem) == {"type", "title", "status", "detail", "instance", "errors", "error"}, problem
    return answer.status_code, problem["type"].rpartition(":")[2], problem["error"]


INVALID_GRANT = (400, "invalid-grant", "invalid_grant")
