"""A picture of differences: a dot for each run before the band that seeds alone would fill."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from training.publishing.report.drawing import COLOURS, FAINT, INK, look, new_figure, to_png

__all__ = ["DotPlot", "draw"]

_ROW_INCHES = 0.2
_HEADING_ROWS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DotPlot:
    """Differences of accuracy, 0 to 1, from the mean of the references."""

    references: Sequence[float]
    variants: Mapping[str, float]
    margin: float


def draw(panels: Mapping[str, DotPlot]) -> bytes:
    """Return the picture as PNG: a panel for each plot under its name, all on one scale."""
    rows = [1 + len(dots.variants) for dots in panels.values()]
    with look():
        figure = new_figure(height_inches=_ROW_INCHES * (sum(rows) + _HEADING_ROWS * len(rows)) + 0.5)
        # A panel's height leaves out its heading, so that rows are equally high in all.
        axes = figure.subplots(len(rows), 1, sharex=True, height_ratios=rows, squeeze=False)[:, 0]
        for panel, (name, dots) in zip(axes, panels.items(), strict=True):
            _draw_panel(panel, name, dots)
        axes[-1].set_xlabel("validation accuracy, difference in points")
        return to_png(figure)


def _draw_panel(axes: Axes, name: str, dots: DotPlot) -> None:
    names = ["as it is, by seed", *dots.variants]
    band = 100 * dots.margin
    axes.axvspan(-band, band, color=FAINT, alpha=0.35, linewidth=0)
    axes.axvline(0, color=FAINT, linewidth=1)
    axes.plot([100 * each for each in dots.references], [0] * len(dots.references), "|", color=INK)
    for row, difference in enumerate(dots.variants.values(), start=1):
        inside = abs(difference) <= dots.margin
        colour = FAINT if inside else COLOURS[0] if difference > 0 else COLOURS[1]
        axes.plot(100 * difference, row, "o", color=colour, markeredgecolor=INK, markeredgewidth=0.6)
    axes.set_title(name.capitalize(), fontsize=10, pad=4)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="x", labelsize=8)
