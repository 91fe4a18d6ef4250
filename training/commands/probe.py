"""`python -m training probe`: measure a version on short texts with a known answer."""

import argparse
import json

from model_store import Store
from training.commands.arguments import store_path
from training.errors import ProbesDoNotApply
from training.evaluation.probing import (
    NOT_APPLICABLE,
    as_json,
    failure_lines,
    figures_by_name,
    run_probes,
    table_lines,
)

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Print how many cases of each capability pass; raises ProbesDoNotApply for a model of other labels."""
    version = Store(store_path(options)).load(options.model, device=options.device)
    results = run_probes(version.classifier)
    if results is None:
        raise ProbesDoNotApply(f"{NOT_APPLICABLE}; {version} has {', '.join(version.classifier.labels)}")
    if options.json:
        print(json.dumps({"version": str(version), "probes": as_json(results, options.failures)}, indent=2))
    else:
        lines = [str(version), *table_lines(figures_by_name(results))]
        print("\n".join([*lines, *failure_lines(results, options.failures)]))
