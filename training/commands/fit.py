"""`python -m training fit`: train a model and publish it as the next version."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from model_store import Manifest, Store
from training.cli import STORE_VARIABLE, recipe_name
from training.commands.arguments import columns
from training.distributed.processes import from_first, in_each, is_first, joined
from training.errors import InvalidBase
from training.fit import fit
from training.recipe.plan import PinnedVersion, Plan, SoftTargetSource
from training.recipe.recipe import load_recipe
from training.run.base_version import adapted_recipe
from training.run.pinned_version import pin_version
from training.run.run import Run
from training.run.tensorboard import Scalars
from training.soft_targets.reader import soft_targets_sha256, teachers_in

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Train in this process, or with the others that torchrun has started."""
    with joined():
        scalars, begun = in_each(_scalars, options), from_first(_begin, options)
        _say(f"run: {begun.folder}")
        reference = fit(begun, report=_say, scalars=scalars)
        _say(f"published {reference} in {begun.plan.store}")
        _say(f"serve it with: {STORE_VARIABLE}={begun.plan.store} SENTIMENT_MODEL={reference} make serve")


def _begin(options: argparse.Namespace) -> Run:
    if options.resume:
        return Run.open(options.resume)
    return Run.create(options.run_folder or _new_folder(recipe_name(options)), _plan(options))


def _scalars(options: argparse.Namespace) -> Scalars | None:
    return Scalars(options.tensorboard) if options.tensorboard and is_first() else None


def _say(line: str) -> None:
    if is_first():
        print(line, flush=True)


def _new_folder(recipe: str) -> Path:
    return Path("runs") / f"{Path(recipe).stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _plan(options: argparse.Namespace) -> Plan:
    name = recipe_name(options)
    recipe, base = load_recipe(name), None
    teachers = tuple(_pinned(options, reference)[0] for reference in options.teachers)
    if options.base:
        base, manifest = _pinned(options, options.base)
        recipe = adapted_recipe(recipe, manifest)
        uses_unlabelled = teachers or options.soft_targets or recipe.objective.uses_unlabelled
        if options.unlabelled and not uses_unlabelled and recipe.vocabulary == "base":
            raise InvalidBase(f"{options.base} has its vocabulary already: leave out --unlabelled")
    # Absolute, so that the run can be resumed from any folder.
    return Plan(
        recipe_name=Path(name).stem,
        recipe=recipe,
        base=base,
        teachers=teachers,
        soft_targets=tuple(map(_soft_targets, options.soft_targets)),
        train=tuple(path.resolve() for path in options.train),
        also_train=tuple(path.resolve() for path in options.also_train),
        unlabelled=tuple(path.resolve() for path in options.unlabelled),
        test=tuple(path.resolve() for path in options.test),
        reserved=options.reserved and options.reserved.resolve(),
        columns=columns(options),
        skip_bad=options.skip_bad,
        store=Store(options.store).root.resolve(),
        model=options.model,
        device=options.device,
    )


def _soft_targets(path: Path) -> SoftTargetSource:
    return SoftTargetSource(path=path.resolve(), sha256=soft_targets_sha256(path), teachers=teachers_in(path))


def _pinned(options: argparse.Namespace, reference: str) -> tuple[PinnedVersion, Manifest]:
    return pin_version(reference, store=options.base_store, own_store=options.store)
