"""The style of all pictures, and their bytes. It does not use pyplot, which keeps figures in memory."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from PIL import Image

__all__ = ["COLOURS", "FAINT", "INK", "label_names", "look", "new_axes", "new_figure", "to_png"]

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C564B", "#5A5A5A")
"""Distinguishable with any colour vision (Okabe & Ito 2008); two more at the end for many labels."""
INK = "#333333"
FAINT = "#B8B8B8"

_FONT = "DejaVu Sans"  # comes with matplotlib, so that every machine draws the same
_DOTS_PER_INCH = 160
_WIDTH_INCHES = 5.0  # 800 dots: text of 10 points stays readable on a phone of 360 dots
_NUM_COLOURS = 64
_MAX_NAME_LETTERS = 14
_LOOK = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.titlepad": 10,
    "figure.constrained_layout.h_pad": 0.1,
    "figure.constrained_layout.w_pad": 0.1,
    "font.family": _FONT,
    "font.size": 10,
    "grid.color": "#E8E8E8",
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 2,
    "text.color": INK,
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}


@contextmanager
def look() -> Iterator[None]:
    """Use the same style for all figures made within, whatever the settings of this machine."""
    with matplotlib.style.context(["default", _LOOK]):
        yield


def new_figure(height_inches: float = 3.5) -> Figure:
    """Return an empty figure that fits the width of a phone."""
    return Figure(figsize=(_WIDTH_INCHES, height_inches), dpi=_DOTS_PER_INCH, layout="constrained")


def new_axes(title: str, x: str, y: str, height_inches: float = 3.5) -> tuple[Figure, Axes]:
    """Return a figure with one pair of labelled axes."""
    figure = new_figure(height_inches)
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes


def to_png(figure: Figure) -> bytes:
    """Return the picture; equal figures give equal bytes, which have neither time nor version."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib leaves these two untyped
    # A palette without dithering makes a third of the size and looks the same.
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(pixels).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(_NUM_COLOURS, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def label_names(labels: Sequence[str]) -> list[str]:
    """Return labels as pictures can show them: short, no formulae, and "#3" for one not in the font."""
    known = get_font(findfont(_FONT)).get_charmap()
    return [
        _short(label).replace("$", r"\$") if all(ord(letter) in known for letter in label) else f"#{number}"
        for number, label in enumerate(labels, start=1)
    ]


def _short(label: str) -> str:
    return label if len(label) <= _MAX_NAME_LETTERS else f"{label[: _MAX_NAME_LETTERS - 1]}…"
