"""Logs: structlog, one JSON object a line on standard error. Ids, scores and decisions, never words."""

import logging
import sys
from contextlib import suppress
from typing import cast

import structlog

Logger = structlog.stdlib.BoundLogger


def configure(level: str) -> None:
    """Set up logging for the process. Exceptions are logged by type alone: their texts may quote input."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        # Looked up anew each time: whoever redirects standard error gets the logs too.
        logger_factory=lambda *_: _Printer(),
        cache_logger_on_first_use=False,
    )
    # aiohttp's own loggers write request lines and tracebacks, which carry paths and values.
    logging.getLogger("aiohttp").addHandler(logging.NullHandler())
    logging.getLogger("aiohttp").propagate = False
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


class _Printer:
    """Prints lines to standard error. One that can't be printed is lost: a full disk must break no reply."""

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            print(line, file=sys.stderr, flush=True)  # noqa: T201  (the one place that does)

    debug = info = warning = error = critical = msg


def logger(name: str) -> Logger:
    """A logger that says which part of handrail speaks."""
    return cast(Logger, structlog.get_logger(part=name))
