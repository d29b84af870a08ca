"""DBOS logs through the standard library: its warnings go into our log, the rest nowhere."""

import logging

import structlog

_log = structlog.get_logger("dbos")


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def forward_warnings() -> None:
    """Before DBOS starts: it brings a console handler of its own where it finds none."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(handler, _Forward) for handler in logger.handlers):
        logger.handlers[:] = [_Forward(logging.WARNING)]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
