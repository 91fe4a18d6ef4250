"""The command line of the service: settings in, exit status out."""

import logging
import sys
from collections.abc import Sequence

from sentiment import SentimentError
from service.settings import InvalidSetting, read_settings, unknown_variables
from service.telemetry.logs import configure, log_event

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Serve until a signal comes and return 0; or return 1 on failure, 2 for a wrong setting."""
    try:
        settings = read_settings(arguments)
    except InvalidSetting as error:
        return _fail(str(error), 2)
    configure(settings.log_level)
    for variable in unknown_variables():
        log_event("unknown_setting", level=logging.WARNING, name=variable.name, nearest=variable.nearest)
    # The web framework, which `--help` does without.
    from service.app import create_app  # noqa: PLC0415
    from service.server import serve  # noqa: PLC0415

    try:
        failure = serve(settings, lambda url: create_app(settings, url=url))
    except InvalidSetting as error:
        return _fail(str(error), 2)
    except SentimentError as error:
        failure = str(error)
    return _fail(failure, 1) if failure else 0


def _fail(message: str, status: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return status
