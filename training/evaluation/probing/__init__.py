"""Short made-up texts with a known answer, and what a classifier makes of them.

probes.toml        templates and word lists
capabilities.py    the file's capabilities, expanded to cases
probes.py          running the cases, and the figures
"""

from training.evaluation.probing.probes import (
    NOT_APPLICABLE,
    as_json,
    failure_lines,
    figures_by_name,
    run_probes,
    summary,
    table_lines,
)

__all__ = [
    "NOT_APPLICABLE",
    "as_json",
    "failure_lines",
    "figures_by_name",
    "run_probes",
    "summary",
    "table_lines",
]
