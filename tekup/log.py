"""Structured logs on standard error. What is logged, and when, is each package's own affair."""

import logging
import sys

import structlog


def configure_logging(level: str) -> None:
    """Send log lines of at least ``level`` to standard error as key=value pairs."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )
