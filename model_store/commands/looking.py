"""Commands that look at a store and change nothing."""

import argparse
from dataclasses import asdict

from model_store import golden, summary
from model_store.commands.arguments import Add, add_json, add_reference
from model_store.commands.output import fail, pairs, print_json, short
from model_store.difference import compare_manifests
from model_store.errors import ModelNotFound, StoreError
from model_store.history import Event
from model_store.store import Store
from sentiment.errors import SentimentError

__all__ = ["add_commands"]

HISTORY_HEADINGS = ("WHEN", "WHO", "ACTION", "ALIAS", "FROM", "TO", "WHY", "EVIDENCE")


def add_commands(add: Add) -> None:
    """Add the commands."""
    add_json(add("list", "list all versions of all models", _list))
    show = add("show", "describe one version", _show)
    add_reference(show, 'such as "reviews", "reviews@production", "reviews@3"')
    show.add_argument("--json", action="store_true", help="print its manifest instead")
    verify = add(
        "verify", "check the hashes and the golden examples of versions; exit 1 if any fails", _verify
    )
    verify.add_argument("reference", nargs="?", metavar="REF", help="only this version (default: all)")
    history = add("history", "show who moved an alias of a model, when and why", _history)
    history.add_argument("model", metavar="MODEL", help='such as "reviews"')
    add_json(history)
    diff = add("diff", "show how the manifests of two versions differ", _diff)
    diff.add_argument("a", metavar="A", help='such as "reviews@3"')
    diff.add_argument("b", metavar="B", help='such as "reviews@4"')
    add_json(diff)


def _list(store: Store, arguments: argparse.Namespace) -> int:
    rows, code = [], 0
    for model, version in _all_versions(store):
        try:
            rows.append(summary.row(store.manifest(model, version), store.aliases(model)))
        except StoreError as error:
            code = fail(error)
    if arguments.json:
        names = [heading.lower() for heading in summary.HEADINGS]
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print(summary.table(rows))
    return code


def _show(store: Store, arguments: argparse.Namespace) -> int:
    manifest = store.manifest(*store.resolve(arguments.reference))
    if arguments.json:
        print(manifest.to_json(), end="")
    else:
        print(summary.describe(manifest, store.aliases(manifest.model)))
    return 0


def _verify(store: Store, arguments: argparse.Namespace) -> int:
    if arguments.reference:
        outcomes = [_verify_version(store, *store.resolve(arguments.reference))]
    else:
        outcomes = [_verify_version(store, model, version) for model, version in _all_versions(store)]
        outcomes += [_verify_aliases(store, model) for model in store.models()]
    return 0 if all(outcomes) else 1


def _all_versions(store: Store) -> list[tuple[str, int]]:
    versions = [(model, version) for model in store.models() for version in store.versions(model)]
    if not versions:
        raise ModelNotFound(f"{store.root}: the store is empty: train a model, or point to another store")
    return versions


def _verify_version(store: Store, model: str, version: int) -> bool:
    reference = f"{model}@{version}"
    try:
        loaded = store.load(reference)
        golden.check(loaded.classifier, loaded.golden)
        leftovers = store.leftovers(model, version)
    except SentimentError as error:
        print(f"{reference}: FAILED: {error}", flush=True)
        return False
    num_files, size = len(loaded.manifest.files), summary.format_size(loaded.manifest.size_bytes)
    checked = f"{num_files} files, {size}, {len(loaded.golden)} golden examples"
    ignored = f"; ignored: {', '.join(leftovers)}" if leftovers else ""
    print(f"{reference}: ok: {checked}{ignored}", flush=True)
    return True


def _verify_aliases(store: Store, model: str) -> bool:
    try:
        for alias in store.aliases(model):
            store.resolve(f"{model}@{alias}")
        store.rollout(model)
        store.history(model)
    except StoreError as error:
        print(f"{model}: FAILED: {error}")
        return False
    return True


def _history(store: Store, arguments: argparse.Namespace) -> int:
    events = store.history(arguments.model)
    if arguments.json:
        print_json([event.fields() for event in events])
        return 0
    print(summary.table(map(_history_row, events), HISTORY_HEADINGS))
    return 0


def _history_row(event: Event) -> tuple[str, ...]:
    versions = [str(version or "-") for version in (event.from_version, event.to_version)]
    first = (event.when, event.who, event.action, event.alias or "-", *versions)
    return (*first, event.why or "-", pairs(event.evidence))


def _diff(store: Store, arguments: argparse.Namespace) -> int:
    a, b = (store.manifest(*store.resolve(each)) for each in (arguments.a, arguments.b))
    differences = compare_manifests(a, b)
    if arguments.json:
        print_json([asdict(each) for each in differences])
        return 0
    rows = [(each.field, short(each.a), short(each.b)) for each in differences]
    print(summary.table(rows, ("FIELD", f"{a.model}@{a.version}", f"{b.model}@{b.version}")))
    return 0
