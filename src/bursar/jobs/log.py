"""Forwards warnings that DBOS logs through the standard library to our log, and drops the rest."""

import logging

import structlog

_log = structlog.get_logger("dbos")


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def forward_warnings() -> None:
    """Installs our handler. It must be called before DBOS starts, which otherwise adds its own
    console handler."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, _Forward) for handler in logger.handlers):
        logger.handlers[:] = [_Forward(logging.WARNING)]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
