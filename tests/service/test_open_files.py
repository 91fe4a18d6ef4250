import json
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
from service.telemetry.logs import configure
from service.open_files import allow_open_files
configure("info", sys.stderr)
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
allow_open_files(wanted)
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "then"), [(256, 900, 800, 800), (256, 900, 200, 256), (256, 900, 1000, 900)]
)
def test_the_limit_is_raised_as_far_as_allowed(soft: int, hard: int, wanted: int, then: int) -> None:
    command = [sys.executable, "-c", SCRIPT, str(soft), str(hard), str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(then), str(hard)]
    if then < wanted:
        line = json.loads(done.stderr)
        assert (line["event"], line["allowed"], line["wanted"]) == ("few_open_files", then, wanted)
    else:
        assert done.stderr == ""
