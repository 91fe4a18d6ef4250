"""`python -m training promote`: let a version go live that is as good as the live one on labelled reviews."""

import argparse

from model_store import Store
from model_store.commands.changing import print_promotion
from model_store.promotion import Finding, Wish, promote
from training.commands.arguments import review_files, store_path
from training.evaluation import objection
from training.evaluation.compare import Candidate, compare_versions

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Promote the version unless something speaks against it, as `sentiment-models promote` does."""
    if options.force and not options.why:
        options.parser.error("--force needs --why TEXT")
    store = Store(store_path(options))
    model, version = store.resolve(options.version)
    findings = _findings(store, model, version, options)
    wish = Wish(alias=options.alias, why=options.why, force=options.force)
    reference = f"{model}@{version}"
    event, findings = promote(store, reference, wish, findings)
    print_promotion(event, [finding.text for finding in findings], reference, as_json=options.json)


def _findings(store: Store, model: str, version: int, options: argparse.Namespace) -> list[Finding]:
    live = store.aliases(model).get(options.alias)
    if live in (None, version):
        return []
    comparison = compare_versions(
        Candidate(store=store.root, reference=f"{model}@{live}"),
        Candidate(store=store.root, reference=f"{model}@{version}"),
        test=review_files(options, options.test),
        device=options.device,
    )
    return [objection.find(comparison, max_drop=options.max_drop)]
