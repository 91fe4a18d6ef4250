"""The reference pages, made from the same data that the service runs on; a test holds the files to it.

`python -m docs.reference docs/settings.md` prints what that file must hold.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from docs.diagram import layers_picture
from service.settings import setting_list
from service.telemetry.metrics import METRICS

__all__ = ["DOCUMENTS", "environment_example", "metrics_page", "settings_page"]


def settings_page() -> str:
    """Return docs/settings.md."""
    rows = [
        (
            f"`{setting.variable}`",
            f"`{setting.flag}`" if setting.flag else "",
            setting.default if setting.default_is_computed else f"`{setting.default}`",
            setting.allowed,
            setting.description,
        )
        for setting in setting_list()
    ]
    table = _table(("variable", "flag", "default", "allowed", "what it is"), rows)
    return f"""# Settings of the service

Each setting is an environment variable and a flag of `sentiment-serve`. A flag wins over its variable, and
an empty variable counts as not set. A secret has no flag, since everyone on a machine can see command
lines. A wrong value ends the start with status 2 and one line that names the
variable and what is allowed. An unknown variable that begins with `SENTIMENT_` is logged as a warning, with
the nearest known one. Words such as `info` may be written in any case, and an IPv6 address in brackets.

{table}"""


def environment_example() -> str:
    """Return .env.example: every setting, commented out, with its default where that is a fixed value."""
    blocks = [
        f"# {setting.description} Must be {setting.allowed}.\n"
        + (f"# Default: {setting.default}.\n" if setting.default_is_computed else "")
        + f"#{setting.variable}={'' if setting.default_is_computed else setting.default}\n"
        for setting in setting_list()
    ]
    return "\n".join(["# Settings of the service; see docs/settings.md.\n", *blocks])


def metrics_page() -> str:
    """Return docs/metrics.md."""
    rows = [
        (
            f"`{metric.name}`",
            metric.kind,
            ", ".join(f"`{label}`" for label in metric.labels),
            metric.documentation,
        )
        for metric in METRICS
    ]
    buckets = [
        (f"`{metric.name}`", " ".join(f"{bound:g}" for bound in metric.buckets))
        for metric in METRICS
        if metric.buckets
    ]
    return f"""# Metrics

`GET /metrics` answers in the Prometheus text format. Seconds, tokens and ratios are base units. No label
holds what a client sent: a path without a route counts as the route `unmatched`, an unusual method as
`other`. Every series that can be known beforehand exists from the start. Metrics of the process (`process_*`,
`python_info`) come with them.

{_table(("metric", "kind", "labels", "what it is"), rows)}
## Buckets

{_table(("histogram", "upper bounds"), buckets)}"""


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/settings.md": settings_page,
    "docs/metrics.md": metrics_page,
    ".env.example": environment_example,
    "docs/images/packages.svg": partial(layers_picture, "Imports point one way"),
    "docs/images/service.svg": partial(layers_picture, "The layers of service"),
    "docs/images/training.svg": partial(layers_picture, "The layers of training"),
}
"""What makes each file, by its path in the project."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main() -> None:
    """Print the document that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m docs.reference", description="Print one page.")
    parser.add_argument("path", choices=DOCUMENTS)
    sys.stdout.write(DOCUMENTS[parser.parse_args().path]())


if __name__ == "__main__":
    main()
