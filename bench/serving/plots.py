"""Pictures."""
from pathlib import Path
from bench.serving.figures import Results
def write_pictures(results: Results, folder: Path) -> None:
    pass
