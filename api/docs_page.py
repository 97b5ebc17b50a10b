"""The page ``/docs``, which shows the OpenAPI document without any third-party host."""

import base64
import hashlib
import re

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from api.middleware.root_path import root_path_of
from api.middleware.security_headers import POLICY

DOCS = "/docs"

_ASSETS = "/docs/assets"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)

_DOCUMENT = "/openapi.json"

DOCS_PATHS = (DOCS, _ASSETS, _DOCUMENT)
"""Paths of the API's description, which are public."""


def add_docs(app: FastAPI) -> None:
    """Serve the page, with assets from a package, and the document that it shows."""

    async def document(request: Request) -> JSONResponse:
        root = root_path_of(request.scope)
        return JSONResponse(app.openapi() | ({"servers": [{"url": root}]} if root else {}))

    async def docs(request: Request) -> HTMLResponse:
        root = root_path_of(request.scope)
        page = get_swagger_ui_html(
            openapi_url=f"{root}{_DOCUMENT}",
            title=app.title,
            swagger_js_url=f"{root}{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{_ASSETS}/favicon.png",
        )
        request.scope["state"][POLICY] = (b"content-security-policy", _policy(bytes(page.body)))
        return page

    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]), name="docs-assets")
    app.add_route(_DOCUMENT, document, include_in_schema=False)
    app.add_route(DOCS, docs, include_in_schema=False)


def _policy(page: bytes) -> bytes:
    """The policy of the page: our own files, and the scripts in it by their hashes."""
    digests = [base64.b64encode(hashlib.sha256(script).digest()) for script in _SCRIPT.findall(page)]
    scripts = b" ".join(b"'sha256-%b'" % digest for digest in digests)
    return (
        b"default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        b"script-src 'self' %b; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" % scripts
    )
