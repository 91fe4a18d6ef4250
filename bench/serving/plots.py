"""Pictures of a run: a panel for each load, a bar for each server."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes

from bench.serving.cases import CAPACITY_CASE, CASES
from bench.serving.figures import ServingResults
from bench.serving.medians import THIS, medians
from bench.serving.servers import SERVERS
from training.publishing.report.drawing import COLOURS, FAINT, INK, look, new_figure, to_png

__all__ = ["write_pictures"]

_ROW_INCHES = 0.2
_HEADING_ROWS = 2.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One load."""

    title: str
    axis: str
    values: Mapping[str, float]
    """By server, in the order of the bars."""
    marks: Mapping[str, float]
    """A second value of some, drawn as a line across the bar."""


def write_pictures(results: ServingResults, folder: Path) -> list[Path]:
    """Draw throughput, tails and overload as `serving-*.png`, and return the paths of those with figures."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, panels in (("throughput", _throughput), ("p99", _tails), ("overload", _overload)):
        drawn = [panel for panel in panels(results) if panel.values]
        if drawn:
            paths.append(folder / f"serving-{name}.png")
            paths[-1].write_bytes(draw(drawn))
    return paths


def draw(panels: list[Panel]) -> bytes:
    """Return the picture as PNG, its panels one below the other."""
    rows = [len(panel.values) for panel in panels]
    with look():
        figure = new_figure(height_inches=_ROW_INCHES * (sum(rows) + _HEADING_ROWS * len(rows)) + 0.2)
        axes = figure.subplots(len(panels), 1, height_ratios=rows, squeeze=False)[:, 0]
        for each, panel in zip(axes, panels, strict=True):
            _draw_panel(each, panel)
        return to_png(figure)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    names, values = list(panel.values), list(panel.values.values())
    colours = [COLOURS[0] if name == SERVERS[THIS].name else FAINT for name in names]
    bars = axes.barh(range(len(names)), values, color=colours, height=0.72)
    axes.bar_label(bars, [_label(value) for value in values], padding=3, fontsize=7.5, color=INK)
    for row, name in enumerate(names):
        if name in panel.marks:
            axes.plot([panel.marks[name]] * 2, [row - 0.45, row + 0.45], color=COLOURS[1], linewidth=2)
    axes.set_title(panel.title[0].upper() + panel.title[1:], fontsize=9.5, pad=4)
    axes.set_xlabel(panel.axis, fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlim(0, 1.12 * max(values + list(panel.marks.values())))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0)


def _throughput(results: ServingResults) -> Iterator[Panel]:
    for name, case in CASES.items():
        if case.arrival == "closed":
            this = medians(results, THIS, name).reviews_per_second
            values = (
                {server: value / this for server, value in _throughputs(results, name).items()}
                if this
                else {}
            )
            yield Panel(title=case.title, axis="reviews/s, this service = 1", values=values, marks={})


def _tails(results: ServingResults) -> Iterator[Panel]:
    for name, case in CASES.items():
        if case.arrival != "overload":
            found = {server.name: medians(results, key, name) for key, server in results.servers.items()}
            values = {server: each.p99_ms for server, each in found.items() if each.p99_ms is not None}
            yield Panel(title=case.title, axis="p99 latency, ms", values=values, marks={})


def _overload(results: ServingResults) -> Iterator[Panel]:
    axis = "reviews/s, answered within a second; line: capacity"
    values, capacity = _throughputs(results, "overload"), _throughputs(results, CAPACITY_CASE)
    yield Panel(title=CASES["overload"].title, axis=axis, values=values, marks=capacity)


def _throughputs(results: ServingResults, case: str) -> dict[str, float]:
    found = {server.name: medians(results, key, case) for key, server in results.servers.items()}
    return {
        name: each.reviews_per_second for name, each in found.items() if each.reviews_per_second is not None
    }


def _label(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"
