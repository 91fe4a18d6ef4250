"""The container's health check: exit 0 while the service takes requests, else 1 with the reason."""

import os
import sys
from http.client import HTTPConnection, HTTPException

TIMEOUT_SECONDS = 3


def main() -> str | None:
    """Return why the service is not ready, or None."""
    connection = HTTPConnection(
        "127.0.0.1", int(os.environ.get("SENTIMENT_PORT") or 8000), timeout=TIMEOUT_SECONDS
    )
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"no answer: {error}"
    return None if status == 200 else f"/readyz answers {status}"


if __name__ == "__main__":
    sys.exit(main())
