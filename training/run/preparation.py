"""Making what a run starts from; whatever takes long is kept in its folder for a resumed run."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from sentiment import Tokenizer
from training.learning.word_vectors import learn_vectors, num_passes
from training.run.base_version import adapted_labels, load_base
from training.run.dataset import Dataset
from training.run.distillation import soft_targets
from training.run.ledger import Ledger
from training.run.prepared import Prepared
from training.run.progress_lines import ReportedTexts
from training.run.run import Run
from training.run.stage import Report

__all__ = ["prepare"]


def prepare(run: Run, dataset: Dataset, report: Report) -> Prepared:
    """Check the run against its data, record it, and learn or read what its networks start from."""
    _report_threads(run, report)
    base = load_base(run.plan.base) if run.plan.base else None
    if base:
        report(f"starting from {base.name}")
        dataset = replace(dataset, labels=adapted_labels(dataset.labels, base))
    report(str(dataset))
    run.check_data(dataset.fingerprints)
    Ledger(run, dataset.fingerprints, report).begin()
    keeps_vocabulary = run.plan.recipe.vocabulary == "base"
    tokenizer = base.tokenizer if base and keeps_vocabulary else _tokenizer(run, dataset)
    return Prepared(
        fingerprints=dataset.fingerprints,
        labels=dataset.labels,
        tokenizer=tokenizer,
        base=base,
        vectors=_vectors(run, dataset, tokenizer, report),
        soft_targets=soft_targets(run, dataset, report) if run.plan.has_teachers else None,
    )


def _report_threads(run: Run, report: Report) -> None:
    num_begun, num_now = run.num_threads, torch.get_num_threads()
    if num_begun not in (None, num_now):
        report(
            f"this run was begun with {num_begun} threads and goes on with {num_now}, so the bytes of its "
            f"version may differ: set OMP_NUM_THREADS={num_begun} to keep them"
        )


def _tokenizer(run: Run, dataset: Dataset) -> Tokenizer:
    tokenizer = run.tokenizer()
    if tokenizer is None:
        tokenizer = Tokenizer.fit(dataset.texts, run.plan.recipe.tokenizer)
        run.save_tokenizer(tokenizer)
    return tokenizer


def _vectors(run: Run, dataset: Dataset, tokenizer: Tokenizer, report: Report) -> NDArray[np.float32] | None:
    recipe = run.plan.recipe
    if recipe.vectors is None:
        return None
    vectors = run.vectors()
    if vectors is None:
        num_reads = num_passes(recipe.vectors)
        texts = ReportedTexts(dataset.texts, "word vectors", report, num_passes=num_reads)
        vectors = learn_vectors(
            texts, tokenizer, recipe.vectors, size=recipe.embedding_size, seed=recipe.seed
        )
        run.save_vectors(vectors)
    return vectors
