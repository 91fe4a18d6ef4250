"""The image's health check asks the port that the service listens on."""

import pytest

from deploy.image.healthcheck import port_of

COMMAND = ["tini", "--", "python", "-m", "service"]
SERVICE_LINK = "tcp://10.0.0.1:8000"


@pytest.mark.parametrize(
    ("flags", "environment", "port"),
    [
        ([], {}, "8000"),
        ([], {"SENTIMENT_PORT": ""}, "8000"),
        ([], {"SENTIMENT_PORT": "9000"}, "9000"),
        (["--host", "::", "--port", "9000"], {"SENTIMENT_PORT": SERVICE_LINK}, "9000"),
        (["--port=9000", "--lanes=2"], {"SENTIMENT_PORT": "8001"}, "9000"),
        ([], {"SENTIMENT_PORT": SERVICE_LINK}, SERVICE_LINK),
    ],
)
def test_the_flag_wins_over_the_variable(flags: list[str], environment: dict[str, str], port: str) -> None:
    assert port_of([*COMMAND, *flags, ""], environment) == port
