"""The report that a version carries: pictures of how it learned and how good it is, on one page.

learning.py      pictures of the training          (arrays to a matplotlib Figure, as are the next two)
confidence.py    pictures of what confidence is worth
classes.py       pictures of right and wrong, by label and by length
drawing.py       the look of every picture, and its bytes
gallery.py       which pictures a report has, with their captions
tables.py        the rows of the page's tables
page.py          index.html
"""

from training.publishing.report.files import report_files

__all__ = ["report_files"]
