"""`python -m training evaluate`: measure a version on labelled reviews."""

import argparse
import json
from dataclasses import asdict

from training.commands.arguments import review_files, store_path
from training.evaluation.evaluate import evaluate_version, report_lines

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Print the version's figures, as lines or as JSON."""
    report = evaluate_version(
        store=store_path(options),
        reference=options.model,
        test=review_files(options, options.test),
        device=options.device,
    )
    print(json.dumps(asdict(report), indent=2) if options.json else "\n".join(report_lines(report)))
