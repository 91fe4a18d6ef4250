"""Check which build of PyTorch a package index would give: `torch_build.py cpu|cuda REPORT`.

REPORT is what `pip install --dry-run --report REPORT torch` writes. A CUDA build is one that wants NVIDIA's
libraries, whatever its version is called.
"""

import json
import sys
from pathlib import Path

NVIDIA = ("nvidia-", "cuda-")


def main(wanted: str, report: Path) -> str | None:
    """Return what is wrong, or None."""
    if wanted not in ("cpu", "cuda"):
        return f"error: TORCH_BUILD must be cpu or cuda, not {wanted!r}"
    packages = json.loads(report.read_text(encoding="utf-8"))["install"]
    names = [package["metadata"]["name"] for package in packages]
    found = "cuda" if any(name.startswith(NVIDIA) for name in names) else "cpu"
    if found == wanted:
        return None
    return (
        f"error: the package index has the {found} build of PyTorch, and TORCH_BUILD is {wanted}: set "
        "TORCH_INDEX to the URL that https://pytorch.org/get-started gives after --index-url"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
