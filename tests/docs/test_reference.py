from pathlib import Path

import pytest

from docs.reference import DOCUMENTS
from service.settings import setting_list
from service.telemetry.metrics import METRICS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_file_is_what_the_code_says(path: str) -> None:
    assert (ROOT / path).read_text() == DOCUMENTS[path](), f"update it: python -m docs.reference {path}"


def test_nothing_is_left_out() -> None:
    for setting in setting_list():
        assert f"`{setting.variable}`" in DOCUMENTS["docs/settings.md"]()
        assert f"#{setting.variable}=" in DOCUMENTS[".env.example"]()
    for metric in METRICS:
        assert f"`{metric.name}`" in DOCUMENTS["docs/metrics.md"]()
