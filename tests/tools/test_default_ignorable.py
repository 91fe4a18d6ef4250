from pathlib import Path

from sentiment import default_ignorable
from tools.default_ignorable import source


def test_the_committed_table_is_what_the_program_writes() -> None:
    assert Path(default_ignorable.__file__).read_text() == source()
