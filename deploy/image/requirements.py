"""Print what the service needs at run time, from pyproject.toml, so that the image installs it before the code."""

import sys
import tomllib
from pathlib import Path

if __name__ == "__main__":
    project = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["project"]
    print(*project["dependencies"], sep="\n")
