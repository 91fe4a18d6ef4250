"""The parts of a document that a program writes."""

from pathlib import Path

from bench.serving.errors import BenchError

__all__ = ["write_between_markers"]


def write_between_markers(path: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name:begin -->` and `<!-- name:end -->`; raises BenchError."""
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    content = path.read_text(encoding="utf-8")
    before, found_begin, rest = content.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise BenchError(f"{path}: has no lines {begin.strip()} and {end}")
    path.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
