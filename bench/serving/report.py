"""The tables of docs/performance.md."""
from bench.serving.figures import Results
def to_markdown(results: Results) -> str:
    return ""
