"""The path below which a proxy serves the API, whether the proxy removes it from requests or not."""

from collections.abc import Awaitable, Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from api.client_address import make_trust_check
from core.settings import Settings, is_root_path

ROOT_PATH = "root_path"
"""Key of the request's state under which that path is left; missing where it is the root."""

_HEADER = b"x-forwarded-prefix"


class RootPathMiddleware:
    """Removes the path from requests: ``ROOT_PATH``, or what a trusted proxy names in ``X-Forwarded-Prefix``."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._root_path = settings.root_path
        self._trusts = make_trust_check(settings.networks)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http":
            root_path = self._forwarded(scope) or scope.get("root_path") or self._root_path
            if root_path:
                scope = _below(scope, root_path)
        return self._app(scope, receive, send)  # no coroutine of its own, which every await would pass through

    def _forwarded(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == _HEADER:
                given = value.decode("latin-1").rstrip("/")
                client = scope.get("client")
                return given if client and self._trusts(client[0]) and is_root_path(given) else ""
        return ""


def _below(scope: Scope, root_path: str) -> Scope:
    """The request as if the API were served at the root, with the path that it is below in its state."""
    path: str = scope["path"]
    if path == root_path or path.startswith(f"{root_path}/"):
        path = path[len(root_path) :] or "/"
    return {**scope, "path": path, "root_path": "", "state": {**scope.get("state", {}), ROOT_PATH: root_path}}


def root_path_of(scope: Mapping[str, Any]) -> str:
    """The path below which the API is served, for the links in a response; empty for the root."""
    root_path: str = scope["state"].get(ROOT_PATH, "")
    return root_path
