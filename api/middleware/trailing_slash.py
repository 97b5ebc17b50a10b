"""Trailing slashes: both notations of a path lead to one route, without a redirect."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send


class TrailingSlashMiddleware:
    """Removes a trailing slash from the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"][:-1]}
        return self._app(scope, receive, send)  # no coroutine of its own, which every await would pass through
