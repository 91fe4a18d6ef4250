"""Print what pyproject.toml says the service needs, so that the image can install it before the code."""

import sys
import tomllib
from pathlib import Path

if __name__ == "__main__":
    project = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["project"]
    print(*project["dependencies"], sep="\n")
