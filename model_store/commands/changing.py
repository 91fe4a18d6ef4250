"""Commands that change what is live, what is tried, and what is kept."""

import argparse
import shutil
from dataclasses import asdict

from model_store import garbage, promotion, removal, summary
from model_store.commands.arguments import Add, add_json, add_reference, add_why, ratio
from model_store.commands.output import print_event, print_json
from model_store.errors import AliasNotFound
from model_store.garbage import Verdict
from model_store.history import Event, Reason
from model_store.moment import utc_now
from model_store.promotion import Wish
from model_store.reference import DEFAULT_ALIAS
from model_store.rollout import Rollout
from model_store.store import Store

__all__ = ["add_commands", "print_promotion"]


def add_commands(add: Add) -> None:
    """Add the commands."""
    alias = add("alias", "point an alias at a version, once its hashes are checked", _alias)
    add_reference(alias, 'such as "reviews@3"')
    alias.add_argument("alias", metavar="ALIAS", help='such as "production"')
    add_why(alias)
    _add_promote(add)
    back = add(
        "rollback", "point an alias at the version that was live before, once it is checked", _rollback
    )
    add_reference(back, 'such as "reviews", for its production version')
    add_why(back)
    _add_rollout(add)
    gc = add("gc", "show which versions nobody needs, and why the others stay; delete them with --yes", _gc)
    gc.add_argument("model", nargs="?", metavar="MODEL", help="only this model (default: all)")
    gc.add_argument("--yes", action="store_true", help="delete them, all but their manifests")
    add_json(gc)


def print_promotion(event: Event | None, lines: list[str], reference: str, *, as_json: bool) -> None:
    """Print what a promotion has found and done; without an event, the version was live already."""
    if event is None:
        print("null" if as_json else f"{reference} is live already")
        return
    moved = f"{reference.partition('@')[0]}@{event.alias}: version {event.to_version}"
    print_event(
        event, "\n".join([*lines, f"{moved} (before: {event.from_version or 'none'})"]), as_json=as_json
    )


def _add_promote(add: Add) -> None:
    what = "check a version, compare it with the live one, and point the alias at it"
    promote = add("promote", what, _promote)
    add_reference(promote, 'such as "reviews@4"')
    promote.add_argument(
        "--alias", default=DEFAULT_ALIAS, metavar="ALIAS", help="the alias to move (default: %(default)s)"
    )
    promote.add_argument(
        "--force", action="store_true", help="promote it although it passes fewer probes; needs --why"
    )
    add_why(promote)


def _add_rollout(add: Add) -> None:
    what = "try a version on a share of the requests; without options, show what is tried"
    rollout = add("rollout", what, _rollout)
    rollout.add_argument(
        "reference",
        nargs="?",
        metavar="REF",
        help='such as "reviews@4" (default: the model that has a rollout)',
    )
    rollout.add_argument(
        "--canary", type=ratio, default=0.0, metavar="SHARE", help="requests that it answers, such as 5%%"
    )
    rollout.add_argument(
        "--shadow", type=ratio, default=0.0, metavar="SHARE", help="requests that it scores too, such as 20%%"
    )
    rollout.add_argument("--stop", action="store_true", help="end the rollout")
    add_why(rollout)


def _alias(store: Store, arguments: argparse.Namespace) -> int:
    model, version = store.resolve(arguments.reference)
    store.verify(model, version)
    reason = Reason(action="alias", why=arguments.why)
    _print_move(model, store.set_alias(model, arguments.alias, version, reason), arguments)
    return 0


def _promote(store: Store, arguments: argparse.Namespace) -> int:
    if arguments.force and not arguments.why:
        arguments.parser.error("--force needs --why TEXT")
    wish = Wish(alias=arguments.alias, why=arguments.why, force=arguments.force)
    reference = "{}@{}".format(*store.resolve(arguments.reference))
    event, findings = promotion.promote(store, reference, wish)
    print_promotion(event, [finding.text for finding in findings], reference, as_json=arguments.json)
    return 0


def _rollback(store: Store, arguments: argparse.Namespace) -> int:
    event = promotion.rollback(store, arguments.reference, arguments.why)
    _print_move(arguments.reference.partition("@")[0], event, arguments)
    return 0


def _rollout(store: Store, arguments: argparse.Namespace) -> int:
    reference = arguments.reference or _only_rollout(store)
    model, at, _ = reference.partition("@")
    if arguments.stop:
        event = store.set_rollout(model, None, Reason(action="stop", why=arguments.why))
        print_event(event, f"{model}: the rollout has ended", as_json=arguments.json)
    elif at:
        _, version = store.resolve(reference)
        rollout = Rollout(candidate=version, canary=arguments.canary, shadow=arguments.shadow)
        event = promotion.begin_rollout(store, model, rollout, arguments.why)
        print_event(event, _describe(model, rollout), as_json=arguments.json)
    else:
        _show_rollout(store, model, as_json=arguments.json)
    return 0


def _only_rollout(store: Store) -> str:
    models = [model for model in store.models() if store.rollout(model) is not None]
    if len(models) != 1:
        raise AliasNotFound(f"{store.root}: {len(models)} models have a rollout: name the model")
    return models[0]


def _show_rollout(store: Store, model: str, *, as_json: bool) -> None:
    rollout = store.rollout(model)
    if as_json:
        print_json(None if rollout is None else asdict(rollout))
    else:
        print(f"{model}: no rollout" if rollout is None else _describe(model, rollout))


def _describe(model: str, rollout: Rollout) -> str:
    return f"{model}@{rollout.candidate}: canary {rollout.canary:.2%}, shadow {rollout.shadow:.2%}"


def _gc(store: Store, arguments: argparse.Namespace) -> int:
    models = [arguments.model] if arguments.model else store.models()
    verdicts = [verdict for model in models for verdict in garbage.judge(store, model, utc_now())]
    if arguments.yes:
        _delete(store, models, verdicts)
    if arguments.json:
        print_json([asdict(verdict) for verdict in verdicts])
    else:
        print(_gc_table(verdicts, deleted=arguments.yes))
    return 0


def _delete(store: Store, models: list[str], verdicts: list[Verdict]) -> None:
    for verdict in verdicts:
        if not verdict.keep:
            store.remove(verdict.model, verdict.version, Reason(action="remove", why=verdict.why))
    for model in models:
        for folder in removal.abandoned(store.root / model):
            shutil.rmtree(folder)


def _gc_table(verdicts: list[Verdict], *, deleted: bool) -> str:
    verb = "deleted" if deleted else "would delete"
    rows = [
        (
            each.model,
            str(each.version),
            summary.format_size(each.size_bytes),
            "keep" if each.keep else verb,
            each.why,
        )
        for each in verdicts
    ]
    gone = [each for each in verdicts if not each.keep]
    size = summary.format_size(sum(each.size_bytes for each in gone))
    end = f"{verb}: {len(gone)} of {len(verdicts)} versions, {size}"
    advice = "" if deleted or not gone else "; --yes deletes them"
    return summary.table(rows, ("MODEL", "VERSION", "SIZE", "VERDICT", "WHY")) + f"\n{end}{advice}"


def _print_move(model: str, event: Event, arguments: argparse.Namespace) -> None:
    line = f"{model}@{event.alias}: version {event.to_version} (before: {event.from_version or 'none'})"
    print_event(event, line, as_json=arguments.json)
