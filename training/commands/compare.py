"""`python -m training compare`: measure two versions on the same labelled reviews."""

import argparse
import json

from training.commands.arguments import review_files, store_path
from training.evaluation.compare import Candidate, compare_versions, comparison_lines

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Print both versions' figures and how they differ, as lines or as JSON."""
    store = store_path(options)
    comparison = compare_versions(
        Candidate(store=store, reference=options.a),
        Candidate(store=options.other_store or store, reference=options.b),
        test=review_files(options, options.test),
        device=options.device,
    )
    lines = comparison_lines(comparison)
    print(json.dumps(comparison.fields(), indent=2) if options.json else "\n".join(lines))
