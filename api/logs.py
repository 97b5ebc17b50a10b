"""Logging through structlog: JSON lines, or aligned and coloured text when debugging."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import orjson
import structlog
from structlog.typing import BindableLogger, FilteringBoundLogger, Processor


def _stamps() -> list[Processor]:
    return [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]


def _renderers(debug: bool) -> list[Processor]:
    if debug:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]  # no local variables
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]


def _json(line: Any, default: Callable[[Any], Any]) -> str:
    return orjson.dumps(line, default).decode()  # called for each request


def access_log(debug: bool) -> FilteringBoundLogger:
    """A logger that writes directly to standard output and merges no context: there is a line for each request."""
    logger: BindableLogger = structlog.wrap_logger(
        structlog.WriteLogger(sys.stdout),
        processors=[*_stamps(), *_renderers(debug)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if debug else logging.INFO),
    )
    return cast(FilteringBoundLogger, logger.bind())  # once, not for each line


@contextmanager
def standard_logs(debug: bool) -> Iterator[None]:
    """A context in which what libraries and ``core`` log through ``logging`` is written in the same format."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.contextvars.merge_contextvars, *_stamps()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(debug)],
        )
    )
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
