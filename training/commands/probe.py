"""`python -m training probe`: measure a version on short texts with a known answer."""

import argparse
import json
from dataclasses import asdict

from model_store import Store
from training.commands.arguments import review_files, store_path
from training.errors import ProbesDoNotApply
from training.evaluation.invariance import invariance_lines, measure_invariance
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
    """Print how many cases of each capability pass, and what moves the model that should not.

    Raises ProbesDoNotApply for a model of other labels.
    """
    version = Store(store_path(options)).load(options.model, device=options.device)
    texts = [
        review.text for review in review_files(options, options.reviews).read("test", labelled=False).reviews
    ]
    results = run_probes(version.classifier)
    if results is None:
        raise ProbesDoNotApply(f"{NOT_APPLICABLE}; {version} has {', '.join(version.classifier.labels)}")
    invariance = measure_invariance(version.classifier, texts)
    if options.json:
        probes = as_json(results, options.failures)
        fields = {"version": str(version), "probes": probes, "invariance": asdict(invariance)}
        print(json.dumps(fields, indent=2))
    else:
        lines = [str(version), *table_lines(figures_by_name(results))]
        lines += [*failure_lines(results, options.failures), "", *invariance_lines(invariance)]
        print("\n".join(lines))
