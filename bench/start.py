"""Measure how long the service takes from its start until it is ready, and where that time goes.

    python -m bench.start [--runs 5] [--models reviews-small reviews]
    python -m bench.start --commands [--baseline FOLDER]

Every row is the median of several runs, each a new process: the files are in the system's cache, and nothing
else is. Prints the tables of docs/measurements/endurance.md; shares are of the whole way to the first 200 of
`/readyz`. With --commands it prints instead what commands cost that compute nothing, for another checkout of
this project as well if --baseline names one.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.process import ROOT, running_service
from model_store import Store, golden

NUM_PACKAGES = 6
WHOLE = "all, until ready"
COMMANDS = (
    "service --help",
    "training --help",
    "model_store --help",
    "model_store list",
    "model_store show reviews",
)


def main() -> None:
    """Print the tables, or the parts of one load when this program has started itself for that."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=["reviews-small", "reviews"])
    parser.add_argument("--commands", action="store_true", help="time commands that compute nothing")
    parser.add_argument("--baseline", type=Path, help="another checkout, to time the commands of")
    parser.add_argument("--load", metavar="MODEL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        print(json.dumps(load_seconds(options.load)))
        return
    if options.commands:
        checkouts = [ROOT, *([options.baseline.resolve()] if options.baseline else [])]
        print_commands({command: command_costs(command, checkouts, options.runs) for command in COMMANDS})
        return
    print("| model | part | seconds | share |\n|---|---|---|---|")
    for model in options.models:
        print_parts(model, start_seconds(model, options.runs))
    print("\n| package | share of the imports |\n|---|---|")
    for package, share in import_shares().most_common(NUM_PACKAGES):
        print(f"| {package} | {share:.0%} |")


def start_seconds(model: str, runs: int) -> dict[str, float]:
    """Return the median seconds of each part of a start, and of the whole."""
    interpreter = _median(runs, lambda: _python("-c", "pass"))
    imported = _median(runs, lambda: _python("-c", "import service.command, service.server"))
    loads = [json.loads(_output("-m", "bench.start", "--load", model)) for _ in range(runs)]
    whole = _median(runs, lambda: _start(model))
    parts = {
        "interpreter": interpreter,
        "imports": imported - interpreter,
        **{part: statistics.median(load[part] for load in loads) for part in loads[0]},
    }
    return parts | {"the rest: routes, lanes, server": whole - sum(parts.values()), WHOLE: whole}


def load_seconds(model: str) -> dict[str, float]:
    """Return the seconds of each step from the files to a warmed model, in this process."""
    moments = [time.perf_counter()]
    version = Store().load(model, device="cpu")
    moments.append(time.perf_counter())
    golden.check(version.classifier, version.golden)
    moments.append(time.perf_counter())
    version.classifier.warm_up()
    moments.append(time.perf_counter())
    parts = ("load and verify", "golden examples", "warm-up")
    return {part: end - start for part, start, end in zip(parts, moments, moments[1:], strict=False)}


def import_shares() -> Counter[str]:
    """Return the share of each top-level package in the time of all imports."""
    command = [sys.executable, "-X", "importtime", "-c", "import service.command, service.server"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    microseconds: Counter[str] = Counter()
    for line in ended.stderr.splitlines()[1:]:
        own, _, name = line.removeprefix("import time:").split("|")
        microseconds[name.strip().split(".")[0]] += int(own)
    whole = microseconds.total()
    return Counter({package: part / whole for package, part in microseconds.items()})


def print_parts(model: str, seconds: Mapping[str, float]) -> None:
    """Print the rows of one model."""
    whole = seconds[WHOLE]
    for part, taken in seconds.items():
        print(f"| {model} | {part} | {taken:.3f} | {taken / whole:.2f} |")


@dataclass(frozen=True, slots=True)
class CommandCost:
    """What one run of a command took."""

    seconds: float
    peak_mib: float
    """Most memory that was resident at a time."""


def command_costs(command: str, checkouts: Sequence[Path], runs: int) -> list[CommandCost]:
    """Return the medians of a command in each checkout, whose runs take turns."""
    rounds = [[run_command(command, checkout) for checkout in checkouts] for _ in range(runs)]
    return [
        CommandCost(
            statistics.median(cost.seconds for cost in costs),
            statistics.median(cost.peak_mib for cost in costs),
        )
        for costs in zip(*rounds, strict=True)
    ]


def run_command(command: str, checkout: Path) -> CommandCost:
    """Run a command of a checkout to its end; raises subprocess.CalledProcessError."""
    arguments = [sys.executable, "-m", *command.split()]
    start = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  # our own
        arguments, cwd=checkout, env=os.environ | {"PYTHONPATH": str(checkout)}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return CommandCost(seconds, usage.ru_maxrss / 1024)


def print_commands(costs: Mapping[str, Sequence[CommandCost]]) -> None:
    """Print a Markdown table; a second cost of each command is that of the baseline."""
    heads = ["command", "seconds", "MiB", "baseline, seconds", "MiB"]
    num_columns = 1 + 2 * max(map(len, costs.values()))
    print(f"| {' | '.join(heads[:num_columns])} |\n{'|---' * num_columns}|")
    for command, found in costs.items():
        cells = [cell for cost in found for cell in (f"{cost.seconds:.2f}", f"{cost.peak_mib:.0f}")]
        print(f"| `python -m {command}` | {' | '.join(cells)} |")


def _median(runs: int, run: Callable[[], object]) -> float:
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _start(model: str) -> None:
    with TemporaryDirectory() as folder, running_service(Path(folder), "--model", model):
        pass


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True)  # noqa: S603  # our own


def _output(*arguments: str) -> str:
    ended = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True)  # noqa: S603  # our own
    return ended.stdout


if __name__ == "__main__":
    main()
