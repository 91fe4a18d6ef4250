"""The report as files of a version."""

from training.publishing.report.gallery import draw_gallery
from training.publishing.report.page import report_page
from training.publishing.results import Results, Trained

__all__ = ["report_files"]


def report_files(trained: Trained, results: Results) -> dict[str, bytes]:
    """Return the content of each file of the report by its path in the version.

    The same run gives the same bytes, at any time and with any settings of matplotlib.
    """
    pictures = draw_gallery(results.predictions, trained.progress, results.evaluation["validation"])
    page = report_page(trained, results, pictures)
    return {f"report/{picture.name}": picture.png for picture in pictures} | {
        "report/index.html": page.encode()
    }
