"""The report as files of a version."""

from collections.abc import Mapping

from model_store import Evaluation
from training.dataset import Dataset
from training.plan import Plan
from training.report.gallery import draw_gallery
from training.report.outcome import Outcome
from training.report.page import report_page
from training.selection import Selection
from training.trainer import Progress

__all__ = ["report_files"]


def report_files(
    plan: Plan,
    dataset: Dataset,
    temperature: float,
    evaluation: Mapping[str, Evaluation],
    outcome: Outcome,
    progress: Progress,
    selection: Selection,
) -> dict[str, bytes]:
    """Return the content of each file of the report by its path in the version.

    The same run gives the same bytes, at any time and with any settings of matplotlib.
    """
    pictures = draw_gallery(outcome, progress, evaluation["validation"])
    page = report_page(plan, dataset, temperature, evaluation, outcome, pictures, selection)
    return {f"report/{picture.name}": picture.png for picture in pictures} | {
        "report/index.html": page.encode()
    }
