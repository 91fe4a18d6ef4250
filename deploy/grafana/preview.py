"""Draw the dashboard's panels with the figures of a real Prometheus into one PNG, without Grafana.

    python deploy/grafana/preview.py --prometheus http://127.0.0.1:9090 --minutes 15

Layout, titles, queries, stacking, limits and units are those of the dashboard; the colours are matplotlib's.
"""

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

DASHBOARD = Path(__file__).parent / "dashboards/sentiment.json"
VARIABLES = {"$job": "sentiment", "$instance": ".*", "$version": ".*", "$__rate_interval": "30s"}
NUM_STEPS = 180
UNIT_INCHES = 0.42

Panel = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a panel."""

    legend: str
    labels: dict[str, str]
    minutes_ago: list[float]
    values: list[float]


def main() -> int:
    """Draw the dashboard; return 1 where Prometheus cannot be reached."""
    arguments = _arguments()
    try:
        draw(arguments.prometheus, arguments.minutes, arguments.output)
    except URLError as error:
        print(f"error: {arguments.prometheus}: {error.reason}; start the deployment first", file=sys.stderr)
        return 1
    print(arguments.output)
    return 0


def draw(prometheus: str, minutes: float, output: Path) -> None:
    """Ask for what every panel shows and draw all panels; raises URLError."""
    panels: list[Panel] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = plt.figure(figsize=(18, height * UNIT_INCHES), facecolor="white")
    end_seconds = time.time()
    for panel in panels:
        x, y, w, h = (panel["gridPos"][key] for key in "xywh")
        if panel["type"] == "row":
            figure.text(0.01, 1 - (y + 0.7) / height, panel["title"], fontsize=13, weight="bold")
            continue
        margin = 0.8 if panel["type"] in ("timeseries", "barchart") else 0.3
        axes = figure.add_axes(
            ((x + 1.1) / 24, 1 - (y + h - 1.3) / height, (w - 1.5) / 24, (h - 1.3 - margin) / height)
        )
        lines = list(_lines(prometheus, panel, minutes, end_seconds))
        axes.set_title(panel["title"], fontsize=10, loc="left")
        if panel["type"] == "timeseries":
            axes.set_xlim(-minutes, 0)
        _DRAW[panel["type"]](axes, panel, lines)
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output, dpi=80)
    plt.close(figure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw the dashboard from a real Prometheus.")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="its URL")
    parser.add_argument("--minutes", type=float, default=15.0, help="how far back")
    parser.add_argument("--output", type=Path, default=Path("build/dashboard.png"), help="the PNG")
    return parser.parse_args()


def _lines(prometheus: str, panel: Panel, minutes: float, end_seconds: float) -> Iterator[Line]:
    for target in panel["targets"]:
        query = target["expr"]
        for name, value in VARIABLES.items():
            query = query.replace(name, value)
        span = {"start": end_seconds - 60 * minutes, "end": end_seconds, "step": 60 * minutes / NUM_STEPS}
        url = f"{prometheus}/api/v1/query_range?{urlencode({'query': query} | span)}"
        with urlopen(url, timeout=30) as response:  # noqa: S310  # the URL is the user's own
            results = json.load(response)["data"]["result"]
        for result in results:
            labels = result["metric"]
            yield Line(
                re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), target["legendFormat"]),  # noqa: B023
                labels,
                [(float(at) - end_seconds) / 60 for at, _ in result["values"]],
                [float(value) for _, value in result["values"]],
            )


def _draw_numbers(axes: Axes, panel: Panel, lines: list[Line]) -> None:
    axes.axis("off")
    text = "\n".join(
        f"{_written(panel, line.values[-1])}{f' x {line.legend}' if len(line.legend) > 10 else ''}"
        for line in lines
    )
    axes.text(0, 0.5, text or "no data", fontsize=18 if len(text) < 12 else 11, va="center")


def _draw_table(axes: Axes, panel: Panel, lines: list[Line]) -> None:
    axes.axis("off")
    columns = panel["transformations"][0]["options"]["renameByName"]
    rows = [[*(line.labels.get(name, "") for name in columns)] for line in lines]
    for row, line in zip(rows, lines, strict=True):
        row[-1] = _written(panel, line.values[-1])
    if rows:
        cells = axes.table(sorted(rows), colLabels=list(columns.values()), loc="upper left", cellLoc="left")
        cells.auto_set_font_size(False)
        cells.set_fontsize(8)
    else:
        axes.text(0, 0.5, "nothing", color="grey")


def _draw_bars(axes: Axes, panel: Panel, lines: list[Line]) -> None:
    name = panel["options"]["xField"]
    bins = sorted({line.labels[name] for line in lines}, key=float)
    legends = list(dict.fromkeys(line.legend for line in lines))
    axes.set_xlim(-0.6, max(1, len(bins)) - 0.4)
    width = 0.8 / max(1, len(legends))
    for index, legend in enumerate(legends):
        found = {line.labels[name]: line.values[-1] for line in lines if line.legend == legend}
        places = [place + (index - (len(legends) - 1) / 2) * width for place in range(len(bins))]
        axes.bar(places, [_number(found.get(each, 0)) for each in bins], width, label=legend)
    axes.set_ylim(0, 1.25 * axes.get_ylim()[1])
    _label(axes, panel["fieldConfig"]["defaults"]["unit"])
    axes.set_xticks(range(len(bins)), bins)
    _add_legend(axes, has_lines=bool(lines))


def _draw_lines(axes: Axes, panel: Panel, lines: list[Line]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    if "stacking" in defaults["custom"]:
        moments = sorted({moment for line in lines for moment in line.minutes_ago})
        heights = [dict(zip(line.minutes_ago, line.values, strict=True)) for line in lines]
        stacked = [[_number(values.get(moment, 0)) for moment in moments] for values in heights]
        if stacked:
            axes.stackplot(moments, stacked, labels=[line.legend for line in lines], alpha=0.7)
    else:
        for line in lines:
            axes.plot(line.minutes_ago, line.values, label=line.legend, linewidth=1.4)
    # The legend stands above the highest line.
    bottom, top = float(defaults.get("min", 0)), float(defaults.get("max") or axes.get_ylim()[1])
    axes.set_ylim(bottom, top + 0.25 * (top - bottom))
    if "thresholdsStyle" in defaults["custom"]:
        axes.axhline(
            defaults["thresholds"]["steps"][-1]["value"], color="tab:red", linestyle="--", linewidth=1
        )
    _label(axes, defaults["unit"])
    _add_legend(axes, has_lines=bool(lines))


def _add_legend(axes: Axes, *, has_lines: bool) -> None:
    if has_lines:
        axes.legend(fontsize=7, loc="upper left", frameon=False, ncols=3)
    else:
        axes.text(0.5, 0.5, "nothing", transform=axes.transAxes, ha="center", color="grey")


def _label(axes: Axes, unit: str) -> None:
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=7)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} min"))
    if unit == "percentunit":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    elif unit == "bytes":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 2**20:.0f} MiB"))
    elif unit == "s":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{1000 * value:g} ms"))


def _written(panel: Panel, value: float) -> str:
    if math.isnan(value):
        return "nothing"
    if panel["fieldConfig"]["defaults"]["unit"] == "percentunit":
        return f"{value:.2%}"
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def _number(value: float) -> float:
    return 0.0 if math.isnan(value) else value


_DRAW = {
    "barchart": _draw_bars,
    "stat": _draw_numbers,
    "table": _draw_table,
    "timeseries": _draw_lines,
}
"""By the type of a panel."""


if __name__ == "__main__":
    sys.exit(main())
