"""The container's health check: exit 0 while the service takes requests, else 1 with the reason."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path

TIMEOUT_SECONDS = 3
COMMAND = Path("/proc/1/cmdline")
"""The container's command with all its flags, one after each zero byte: its init was started with them."""


def main() -> str | None:
    """Return why the service is not ready, or None."""
    given = port_of(COMMAND.read_text(encoding="utf-8").split("\0"), os.environ)
    try:
        connection = HTTPConnection("127.0.0.1", int(given), timeout=TIMEOUT_SECONDS)
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except ValueError:
        return f"not a port: {given}"
    except (OSError, HTTPException) as error:
        return f"no answer: {error}"
    return None if status == 200 else f"/readyz answers {status}"


def port_of(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the port that the service takes: by its flag, else by its variable, else the default."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--port", default=environment.get("SENTIMENT_PORT") or "8000")
    known, _ = parser.parse_known_args([part for part in command if part != "--"])  # which ends tini's own
    return str(known.port)


if __name__ == "__main__":
    sys.exit(main())
