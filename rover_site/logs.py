"""How log records look: one line for people, or one JSON object a line for machines."""

import json
import logging
import os
from datetime import UTC, datetime
from typing import Any

from rover_site.conf import RoverConf

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One object a line: ts (RFC 3339), level, logger, process, message, and every extra field."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": os.getpid(),
            "message": record.getMessage(),
        }
        entry |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class HumanFormatter(logging.Formatter):
    """`12:04:07 worker  message`, with the level named only when it is a warning or worse."""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno < logging.WARNING else f"{record.levelname.lower()}: "
        line = f"{clock}  {_origin(record.name):<8}{level}{record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _origin(logger_name: str) -> str:
    first, _, rest = logger_name.partition(".")
    return {"django-q": "queue", "rover_site": rest.split(".")[0] or "rover"}.get(first, first)


def logging_config(conf: RoverConf) -> dict[str, Any]:
    """The LOGGING setting: everything to standard error."""
    formatter = JsonFormatter if conf.log_format == "json" else HumanFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"rover": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "rover"}},
        "root": {"handlers": ["stderr"], "level": conf.log_level},
        "loggers": {
            # django-q2 tells every enqueue and start at INFO: our own events say the same with the task's id
            "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "django.server": {"handlers": ["stderr"], "level": conf.log_level, "propagate": False},
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "trafilatura": {"level": "CRITICAL"},
            "daphne": {"level": "WARNING"},
            "asyncio": {"level": "WARNING"},
        },
    }
