"""What each process of ``stockroom serve`` runs; with several, a server on a socket that they share."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from socket import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from api.app import create_app
from cli.supervisor import heeded_signals
from core.errors import StockroomError

_REPORT_SECONDS = 1


def application() -> FastAPI:
    """The application of one process. Its objects live as long as the process, so the garbage collector skips them."""
    app = create_app()
    gc.collect()
    gc.freeze()
    return app


def run_worker(options: Mapping[str, Any], shared: socket, reports: Connection) -> None:
    """Serve until a signal ends the process. One line says why it cannot serve, where it cannot.

    Args:
        options: of uvicorn.
        shared: the socket to listen on.
        reports: where to report that the event loop runs.
    """
    parent = parent_process()

    def report() -> None:
        if parent is not None and os.getppid() != parent.pid:
            signal.raise_signal(signal.SIGTERM)  # no process is left that could end this one
        with suppress(OSError):
            reports.send_bytes(b"")

    try:
        app = application()
        config = uvicorn.Config(app, lifespan="off", workers=1, **options)
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve(app, uvicorn.Server(config), shared, report))
    except StockroomError as error:
        sys.stderr.write(f"stockroom: worker {os.getpid()} cannot serve: {' '.join(error.detail.split())}\n")
        sys.stderr.flush()
        sys.exit(STARTUP_FAILURE)


async def _serve(app: FastAPI, server: uvicorn.Server, shared: socket, report: Callable[[], None]) -> None:
    """Open the storage before the server starts, and close it after the server has ended.

    The server sends itself the signal again that ended it, which must not end the process before that.
    """
    async with app.router.lifespan_context(app):
        for number in heeded_signals():
            signal.signal(number, server.handle_exit)
        reports = asyncio.create_task(_report(server, report))
        try:
            await server.serve([shared])
        finally:
            reports.cancel()


async def _report(server: uvicorn.Server, report: Callable[[], None]) -> None:
    """Report once the server has started, and go on while it ends. By no clock that can be set."""
    while True:
        if server.started:
            report()
        await asyncio.sleep(_REPORT_SECONDS)
