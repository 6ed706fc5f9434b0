"""Structured logs: our ids, kinds and durations. Never a patient's attribute, a DICOM value or a file name."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog


class _Lossy:
    """Standard error that loses a line rather than fail what wrote it: logs lie on disks, and disks fill up."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def configure_logging(process: str) -> None:
    """Send every log line of this process to standard error as JSON with the name of the process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _Lossy())),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger that names its module."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger().bind(module=name)
    return logger
