"""Measure where the time of a request goes: by the metrics of the service, and by thread.

    python -m bench.request REVIEWS.jsonl.xz --picture docs/measurements/images/request.png

Sends single reviews in the file's own mix of lengths. With one client it prints the mean time of every stage;
the rest of the client's wait is HTTP: parsing, sockets, passing work between threads, and the client itself.
With 64 clients, waiting hides the work, so it prints processor time: of the event loop, of tokenizing, of the
lanes. Linux only.
"""

import argparse
import asyncio
import os
import re
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench.client import Address, Sample, closed_loop
from bench.process import ServiceProcess, running_service
from bench.serving.protocol_adapter import PLAIN
from bench.serving.workload import Workload
from model_store import RELEASED, Store
from training.publishing.report.drawing import COLOURS, FAINT, INK, look, new_figure, to_png

MODELS = ("reviews", "reviews-small")
STAGES = ("read", "parse", "tokenize", "queue", "inference", "respond")
REST = "HTTP and handing over"
NUM_CLIENTS = 64
_SUM = re.compile(r'^sentiment_stage_duration_seconds_sum\{stage="(\w+)"\} (\S+)$', re.MULTILINE)

Parts = Mapping[str, float]
"""Milliseconds of a request by what they are spent on."""


def main() -> None:
    """Print the parts for both released models, and draw them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    workload = Workload.read(options.reviews)
    panels: dict[str, Parts] = {}
    for model in MODELS:
        flags = ("--model", model, "--log-level", "info")
        with TemporaryDirectory() as folder, running_service(Path(folder), *flags) as service:
            panels[f"{model}, one client"] = stages(service, workload.mixed, options.seconds)
            panels[f"{model}, {NUM_CLIENTS} clients"] = processor_time(
                service, model, workload.mixed, options.seconds
            )
    for title, parts in panels.items():
        print_parts(title, parts)
    if options.picture:
        options.picture.write_bytes(draw(panels))


def stages(service: ServiceProcess, texts: Sequence[str], seconds: float) -> Parts:
    """Return the mean time of each stage with one client, and the rest of its wait."""
    address, requests = _target(service, texts)
    asyncio.run(closed_loop(address, requests, num_connections=1, seconds=1))
    before = _stage_sums(address)
    samples = asyncio.run(closed_loop(address, requests, num_connections=1, seconds=seconds))
    after = _stage_sums(address)
    parts = {stage: 1000 * (after[stage] - before[stage]) / len(samples) for stage in STAGES}
    wait = 1000 * sum(sample.latency_seconds for sample in samples) / len(samples)
    return {**parts, REST: wait - sum(parts.values())}


def processor_time(service: ServiceProcess, model: str, texts: Sequence[str], seconds: float) -> Parts:
    """Return processor time a request by thread, with many clients; tokenizing is measured by itself."""
    address, requests = _target(service, texts)
    before = _thread_seconds(service.process_id)
    samples: Sequence[Sample] = asyncio.run(
        closed_loop(address, requests, num_connections=NUM_CLIENTS, seconds=seconds)
    )
    after = _thread_seconds(service.process_id)
    spent = {thread: 1000 * (after[thread] - before.get(thread, 0.0)) / len(samples) for thread in after}
    loop = spent.pop(service.process_id)
    tokenizing = _tokenizing_ms(model, texts)
    return {
        "event loop": loop,
        "tokenizing": tokenizing,
        "lanes": sum(spent.values()) - tokenizing,
    }


def print_parts(title: str, parts: Parts) -> None:
    """Print a Markdown table."""
    whole = sum(parts.values())
    print(f"\n| {title} | ms a request | share |\n|---|---|---|")
    for name, milliseconds in parts.items():
        print(f"| {name} | {milliseconds:.3f} | {milliseconds / whole:.0%} |")


def draw(panels: Mapping[str, Parts]) -> bytes:
    """Return a panel of bars for each, as PNG."""
    rows = [len(parts) for parts in panels.values()]
    with look():
        figure = new_figure(height_inches=0.22 * sum(rows) + 0.75 * len(rows))
        axes = figure.subplots(len(panels), 1, height_ratios=rows, squeeze=False)[:, 0]
        for each, (title, parts) in zip(axes, panels.items(), strict=True):
            whole = sum(parts.values())
            bars = each.barh(list(parts), list(parts.values()), color=COLOURS[0])
            labels = [f"{value:.2f} ms, {value / whole:.0%}" for value in parts.values()]
            each.bar_label(bars, labels, padding=4, color=INK, fontsize=8)
            time_of = "time" if REST in parts else "processor time"
            each.set(title=title, xlim=(0, 1.35 * max(parts.values())), xlabel=f"ms of {time_of} a request")
            each.invert_yaxis()
            each.tick_params(length=0, labelsize=8)
            each.xaxis.label.set_size(8)
            each.grid(visible=False, axis="y")
            each.grid(axis="x", color=FAINT, linewidth=0.5)
            each.set_axisbelow(True)
        return to_png(figure)


def _target(service: ServiceProcess, texts: Sequence[str]) -> tuple[Address, list[bytes]]:
    port = urlsplit(service.url()).port or 80
    return ("127.0.0.1", port), [PLAIN.request([text], port=port, deadline_ms=None) for text in texts]


def _stage_sums(address: Address) -> dict[str, float]:
    with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/metrics") as response:
        return {stage: float(seconds) for stage, seconds in _SUM.findall(response.read().decode())}


def _thread_seconds(process_id: int) -> dict[int, float]:
    seconds = {}
    for folder in Path(f"/proc/{process_id}/task").iterdir():
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        seconds[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def _tokenizing_ms(model: str, texts: Sequence[str]) -> float:
    classifier = Store(RELEASED).load(model, device="cpu").classifier
    start = time.process_time()
    classifier.tokenize(texts)
    return 1000 * (time.process_time() - start) / len(texts)


if __name__ == "__main__":
    main()
