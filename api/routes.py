"""How every endpoint is reached: strict queries and bodies, slashes at the end, methods."""

import re
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import idempotency
from api.access import admit, row_of
from api.arguments import MISSING, Arguments
from api.bodies import JsonRequest
from api.observation import ROUTE
from api.preconditions import TAGGED, not_modified, tag


class Route(APIRoute):
    """An endpoint that refuses unknown and repeated query parameters and reads its body by ``JsonRequest``.

    FastAPI declares and documents it; a request is served here, straight from the arguments to the bytes of the answer.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._arguments = Arguments(self.dependant)
        self._known = frozenset(f.alias for f in get_flat_params(self.dependant) if isinstance(f.field_info, Query))
        self._row = row_of(self.methods, self.path)
        self._has_keys = idempotency.applies(self.methods, self.path)
        self.app = self.serve

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["state"][ROUTE] = self.path
        request = JsonRequest(scope, receive)
        entry = await admit(request, self._row)
        query: Mapping[str, Any] = {}
        if scope["query_string"]:
            query = request.query_params
            _check_query(request.query_params, self._known)
        body = await request.content() if self.body_field is not None else MISSING
        errors: list[Any] = []
        values = await self._arguments.collect(request, query, body, errors)
        keyed = idempotency.keyed(request, body, errors) if self._has_keys else None
        if errors:
            raise RequestValidationError(errors)
        call = self._arguments.call if entry is None else partial(entry.call, self._arguments.call)
        if keyed is None:
            response = self._respond(request, await call(**values))
        else:
            respond = partial(self._respond, request)
            response = await idempotency.once(keyed, values, call, respond)
        await response(scope, receive, send)

    def _respond(self, request: Request, outcome: Any) -> Response:
        if isinstance(outcome, Response):
            return outcome
        headers = None
        if type(outcome) in TAGGED:
            etag = tag(outcome)
            if request.method == "GET" and (answer := not_modified(request, etag)):
                return answer
            headers = {"ETag": etag}
        content = b"" if self.response_field is None else self.response_field.serialize_json(outcome)
        return Response(content, self.status_code or 200, headers, media_type="application/json")


def _check_query(given: QueryParams, known: frozenset[str]) -> None:
    names = [name for name, _ in given.multi_items()]
    unknown = [_error(name, "unknown_parameter", "is not known") for name in given if name not in known]
    repeated = [_error(n, "repeated", "is given more than once") for n in given if n in known and names.count(n) > 1]
    if unknown or repeated:
        raise RequestValidationError(unknown + repeated)


def _error(name: str, kind: str, message: str) -> dict[str, Any]:
    return {"type": kind, "loc": ("query", name), "msg": message}


def router(name: str, prefix: str | None = None) -> APIRouter:
    """A router of one aggregate: its name is the prefix of its paths and the tag of its operations."""
    prefix = f"/{name}" if prefix is None else prefix
    return APIRouter(prefix=prefix, tags=[name], route_class=Route, generate_unique_id_function=_name)


def _name(route: APIRoute) -> str:
    return route.name


class Index(BaseRoute):
    """Finds the endpoint of a path without trying the templates of all the others; finds none where the router must.

    A path without parameters comes before one with, in whichever order they were declared.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._plain: dict[tuple[str, str], Route] = {}
        self._templates: dict[tuple[str, str, int], list[Route]] = {}
        for route in routes:
            if isinstance(route, Route):
                for method in route.methods or ():
                    self._add(method, route)

    def _add(self, method: str, route: Route) -> None:
        if "{" in route.path:
            self._templates.setdefault(_family(method, route.path), []).append(route)
        else:
            self._plain.setdefault((method, route.path), route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and not scope.get("root_path"):
            method, path = scope["method"], scope["path"]
            plain = self._plain.get((method, path))
            if plain is not None:
                return Match.FULL, {"endpoint": plain.endpoint, "path_params": {}, "route": plain}
            for route in self._templates.get(_family(method, path), ()):
                match, found = route.matches(scope)
                if match is Match.FULL:
                    return match, found
        return Match.NONE, {}

    def handle(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Straight to the endpoint, whose path and method are known to fit."""
        route: Route = scope["route"]
        return route.serve(scope, receive, send)


def _family(method: str, path: str) -> tuple[str, str, int]:
    """What the paths that one template fits have in common: method, first segment, how many there are."""
    return method, path[: path.find("/", 1)], path.count("/")


class MethodTable:
    """Which methods a path allows: those of the first declared template that fits, so ``/users/search`` is never an id.

    Only asked when a request has failed; requests that succeed pay nothing for it.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._methods: dict[str, set[str]] = {}
        for route in iter_route_contexts(routes):
            if route.path is not None and route.methods:
                methods = self._methods.setdefault(route.path, set())
                methods.update(route.methods)
                if "GET" in methods:
                    methods.add("HEAD")
        self._patterns: list[tuple[re.Pattern[str], str]] = [(compile_path(path)[0], path) for path in self._methods]

    def allowed(self, path: str) -> list[str]:
        """The methods of a path in alphabetical order; none where no template fits."""
        for pattern, template in self._patterns:
            if pattern.match(path):
                return sorted(self._methods[template])
        return []


class TrailingSlash:
    """Takes a trailing slash off the path, so that both ways of writing it arrive at one route without a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and len(scope["path"]) > 1 and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"][:-1]}
        return self._app(scope, receive, send)  # a coroutine more is met again at each answer of the database


class HeadAsGet:
    """Answers HEAD with the head of what GET answers (RFC 9110, section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return self._app(scope, receive, send)

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        return self._app({**scope, "method": "GET"}, receive, send_head)
