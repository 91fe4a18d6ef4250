"""The command line of the model store: `python -m model_store`, installed as `sentiment-models`."""

import argparse
import os
import sys
from collections.abc import Sequence

from model_store import golden, summary
from model_store.errors import ModelNotFound, StoreError
from model_store.store import RELEASED, Store
from sentiment import SentimentError

__all__ = ["main"]

# As shells report SIGINT and SIGPIPE.
_INTERRUPTED = 130
_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, or 1 for an error or a failed check.

    Wrong usage ends in SystemExit with 2.
    """
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(Store(arguments.store), arguments)
        sys.stdout.flush()
    except SentimentError as error:
        return _fail(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes once more at its end: give it somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sentiment-models", description="List, inspect, verify and roll back the versions of models."
    )
    parser.add_argument(
        "--store",
        default=os.environ.get("SENTIMENT_MODEL_STORE") or RELEASED,
        metavar="PATH",
        help="folder of the store (default: SENTIMENT_MODEL_STORE, else the store that ships with it)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    what = "list all versions of all models"
    commands.add_parser("list", help=what, description=what).set_defaults(run=_list)

    what = "describe one version"
    show = commands.add_parser("show", help=what, description=what)
    show.add_argument("reference", metavar="REF", help='such as "reviews", "reviews@production", "reviews@3"')
    show.add_argument("--json", action="store_true", help="print its manifest instead")
    show.set_defaults(run=_show)

    what = "check the hashes and the golden examples of versions; exit 1 if any fails"
    verify = commands.add_parser("verify", help=what, description=what)
    verify.add_argument("reference", nargs="?", metavar="REF", help="only this version (default: all)")
    verify.set_defaults(run=_verify)

    what = "point an alias at a version, once its hashes are checked"
    alias = commands.add_parser("alias", help=what, description=what)
    alias.add_argument("reference", metavar="REF", help='such as "reviews@3"')
    alias.add_argument("alias", metavar="ALIAS", help='such as "production"')
    alias.set_defaults(run=_alias)
    return parser


def _list(store: Store, _: argparse.Namespace) -> int:
    rows, code = [], 0
    for model, version in _all_versions(store):
        try:
            rows.append(summary.row(store.manifest(model, version), store.aliases(model)))
        except StoreError as error:
            code = _fail(error)
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


def _alias(store: Store, arguments: argparse.Namespace) -> int:
    model, version = store.resolve(arguments.reference)
    before = store.aliases(model).get(arguments.alias, "none")
    store.verify(model, version)
    store.set_alias(model, arguments.alias, version)
    print(f"{model}@{arguments.alias}: version {version} (before: {before})")
    return 0


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
    except StoreError as error:
        print(f"{model}: FAILED: {error}")
        return False
    return True


def _fail(error: Exception) -> int:
    print(f"error: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
