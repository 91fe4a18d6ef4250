"""The programs in docs/dialects.md run as they stand there, but for the address and the key."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.docs.blocks import ROOT, Block, blocks
from tests.service.routes.dialects.clients import KEY

PROGRAMS = [block for block in blocks(ROOT / "docs/dialects.md") if block.language == "python"]


def test_there_is_one_for_each_client() -> None:
    assert len(PROGRAMS) == 3


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_a_program_of_the_guide(program: Block, speaking: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = program.text.replace("127.0.0.1:8000", urlsplit(speaking).netloc)
    names: dict[str, Any] = {}
    exec(compile(text.replace('KEY"', f'{KEY}"'), str(program), "exec"), names)  # noqa: S102  # our own document
    if hasattr(names["client"], "close"):
        names["client"].close()
    assert "positive" in capsys.readouterr().out.lower()
