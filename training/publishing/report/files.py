"""The report as files of a version."""

from collections.abc import Mapping

from model_store import Evaluation
from training.learning.trainer import Progress
from training.publishing.caveats import Selection
from training.publishing.report.gallery import draw_gallery
from training.publishing.report.outcome import Outcome
from training.publishing.report.page import report_page
from training.recipe.plan import Plan
from training.run.dataset import Dataset

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
