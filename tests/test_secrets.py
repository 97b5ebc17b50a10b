"""Passwords, tokens and keys are sent in every way, and occur in no log and no error."""

import asyncio
import base64
import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import httpx2
import pytest

from conformance.defaults import settings_for
from conformance.processes.process import ProcessFailed
from conformance.processes.servers import ShopServer, start_servers
from core.settings import Auth, Settings

pytestmark = pytest.mark.only("sqlite")

KEY = "TheSigningKey-" + "k" * 32
NAME = "customer"


class Secrets:
    """Distinct secrets, each recognised in any encoding."""

    def __init__(self) -> None:
        self.known = [KEY]

    def password(self) -> str:
        """A new password."""
        return self.learn(f"Secret{len(self.known)}x/+ü{len(self.known)}Z")

    def learn(self, secret: str) -> str:
        """Add a secret to look for."""
        self.known.append(secret)
        return secret

    def found_in(self, text: str) -> list[str]:
        """The secrets that a text has, in any notation."""
        return [secret for secret in self.known if any(form in text for form in self._forms(secret))]

    def _forms(self, secret: str) -> Iterator[str]:
        yield from (secret, quote(secret), quote_plus(secret), quote(secret, safe=""), repr(secret)[1:-1])
        yield from (json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode().rstrip("="))
        yield base64.b64encode(f"{NAME}:{secret}".encode()).decode()


class Visitor:
    """Sends requests and searches every response but those with tokens for secrets."""

    def __init__(self, client: httpx2.Client, secrets: Secrets) -> None:
        self.client, self.secrets = client, secrets

    def send(self, method: str, url: str, *expected: int, **options: Any) -> httpx2.Response:
        """Send a request whose response must hold no secret."""
        answer = self.client.request(method, url, **options)
        assert answer.status_code in expected, f"{method} {url}: {answer.status_code} {answer.text}"
        assert self.secrets.found_in(f"{answer.headers} {answer.text}") == [], f"{method} {url}"
        return answer

    def register(self, *expected: int, name: str = NAME, password: str = "") -> str:
        """Register a user; its password."""
        password = password or self.secrets.password()
        body = {"username": name, "email": f"{name}@example.com", "password": password}
        self.send("POST", "/users", *expected, json=body)
        return password

    def log_in(self, password: str) -> dict[str, str]:
        """The header of a user who has logged in."""
        return self._tokens({"grant_type": "password", "username": NAME, "password": password})

    def _tokens(self, form: dict[str, str]) -> dict[str, str]:
        answer = self.client.post("/auth/token", data=form)
        assert answer.status_code == 200, answer.text
        self.refresh_token = self.secrets.learn(answer.json()["refresh_token"])
        return {"Authorization": f"Bearer {self.secrets.learn(answer.json()['access_token'])}"}

    def refresh(self) -> dict[str, str]:
        """The header after a refresh."""
        return self._tokens({"grant_type": "refresh_token", "refresh_token": self.refresh_token})


@pytest.fixture(params=[False, True], ids=["json", "debug"])
def server(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[ShopServer]:
    """A server with every kind of logging on."""
    options = {"debug": request.param, "database_echo": True, "rate_limit": "off"}
    chosen = settings_for(settings.url, auth=Auth.REQUIRED, secret_keys=KEY, **options)
    with start_servers(chosen, tmp_path, 1) as [started]:
        asyncio.run(started.wait_until_ready())
        yield started


@pytest.mark.thorough
def test_logs_and_responses_hold_no_secrets(server: ShopServer, settings: Settings, tmp_path: Path) -> None:
    secrets = Secrets()
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        visitor = Visitor(client, secrets)
        use_sessions(visitor)
        send_errors(visitor)
        send_raw_requests(visitor, server.url)
        break_the_database(visitor, settings.url.partition("///")[2])
    [log] = tmp_path.glob("server-*/log")
    server.process.stop()
    text = log.read_text(errors="replace")
    assert len(secrets.known) > 20
    assert secrets.found_in(text) == []
    assert "no such table" in text, "the driver's own words are for the log"
    assert "parameters hidden" in text, "it did echo"


def use_sessions(visitor: Visitor) -> None:
    """Register, log in, refresh, change the password, log out; each also with errors."""
    secrets, send = visitor.secrets, visitor.send
    password = visitor.register(201)
    visitor.register(409)
    wrong = {"grant_type": "password", "username": NAME, "password": secrets.password()}
    send("POST", "/auth/token", 400, data=wrong)
    send("POST", "/auth/token", 400, data=wrong | {"username": secrets.password()})
    visitor.log_in(password)
    old = visitor.refresh_token
    visitor.refresh()
    send("POST", "/auth/token", 400, data={"grant_type": "refresh_token", "refresh_token": old})
    logged_in = visitor.log_in(password)
    send("PUT", "/auth/password", 400, headers=logged_in, json=change(secrets.password(), secrets.password()))
    new = secrets.password()
    send("PUT", "/auth/password", 204, headers=logged_in, json=change(password, new))
    send("PATCH", "/users/1", 200, 422, headers=logged_in, json={"password": new})
    send("POST", "/auth/logout", 204, headers=logged_in)
    send("POST", "/auth/logout", 401, headers=logged_in)


def change(current: str, new: str) -> dict[str, str]:
    return {"current_password": current, "new_password": new}


def send_errors(visitor: Visitor) -> None:
    """Secrets in the wrong places, and malformed bodies."""
    secrets, send = visitor.secrets, visitor.send
    json_type = {"content-type": "application/json"}
    for value in (secrets.password().lower(), secrets.password() * 20, [secrets.password()], {secrets.password(): 1}):
        send("POST", "/users", 422, json={"username": "x", "email": secrets.password(), "password": value})
    send("POST", "/users", 422, content=b'{"password": "%b", nonsense' % secrets.password().encode(), headers=json_type)
    send("POST", "/users", 415, data={"password": secrets.password()})
    send("POST", "/auth/token", 415, json={"password": secrets.password()})
    send("POST", "/auth/token", 400, data={"grant_type": secrets.password(), "password": secrets.password()})
    send("POST", "/auth/token", 400, data={"grant_type": "refresh_token", "refresh_token": secrets.password()})
    for url in ("/users", "/tags", "/auth/token", "/nothing"):
        send("GET", f"{url}?password={quote(secrets.password())}", 401, 404, 405, 422)
    basic = base64.b64encode(f"{NAME}:{secrets.password()}".encode()).decode()
    ascii_secret = secrets.learn("AsciiSecret1234567890")
    for value in (f"Basic {basic}", f"Bearer {ascii_secret}", f"Bearer {ascii_secret}.{ascii_secret}.x", ascii_secret):
        send("GET", "/users/1", 401, headers={"Authorization": value})
    send("GET", "/tags", 200, headers={"Cookie": f"session={ascii_secret}", "X-Api-Key": ascii_secret})


def send_raw_requests(visitor: Visitor, url: str) -> None:
    """Credentials in URLs and in malformed heads."""
    secret = visitor.secrets.learn("UserinfoSecret12345")
    port = urlsplit(url).port
    for head in (
        f"GET http://{NAME}:{secret}@127.0.0.1:{port}/tags HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        f"GET /tags HTTP/1.1\r\nhost: {NAME}:{secret}@x\r\nconnection: close\r\n\r\n",
        f"GET /tags HTTP/1.1\r\nAuthorization: Bearer {secret}\x00\r\nconnection: close\r\n\r\n",
        f"{secret} nonsense\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as peer:
            peer.sendall(head.encode())
            heard = b"".join(iter(lambda: peer.recv(65_536), b"")).decode(errors="replace")
        assert heard.startswith("HTTP/1.1 ")
        assert visitor.secrets.found_in(heard) == []


def break_the_database(visitor: Visitor, path: str) -> None:
    """The driver fails unexpectedly, with secrets in its hands."""
    secrets = visitor.secrets
    with sqlite3.connect(path, isolation_level=None) as rival:
        rival.execute("PRAGMA foreign_keys = OFF")
        rival.execute("ALTER TABLE users RENAME TO lost")
    rival.close()
    visitor.register(500, name="too_late")
    body = {"grant_type": "password", "username": NAME, "password": secrets.password()}
    visitor.send("POST", "/auth/token", 500, data=body)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:{}@127.0.0.1:1/shop",
        "mongodb://shop:{}@127.0.0.1:1/shop",
        "postgresql://shop:{}@[::1/shop",
    ],
)
@pytest.mark.thorough
def test_failed_start_hides_database_password(url: str, tmp_path: Path) -> None:
    secret = "DatabaseSecret98765"
    with start_servers(settings_for(url.format(secret), database_echo=True, debug=True), tmp_path, 1) as [started]:
        with pytest.raises(ProcessFailed):
            asyncio.run(started.wait_until_ready())
        [log] = tmp_path.glob("server-*/log")
        said = log.read_text()
    assert said.strip()
    assert secret not in said


@pytest.mark.thorough
def test_settings_hide_secrets() -> None:
    chosen = settings_for("postgresql://shop:DatabaseSecret98765@db/shop", auth=Auth.REQUIRED, secret_keys=KEY)
    shown = f"{chosen!r} {chosen} {chosen.model_dump()} {chosen.model_dump_json()}"
    assert "DatabaseSecret98765" not in shown
    assert KEY not in shown
