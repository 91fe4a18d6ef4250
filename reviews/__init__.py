"""Files of reviews in; out come rows with all their columns, or `Review` objects, one after another.

The IMDB folder and archive, the archives of two more data sets, JSONL, CSV, TSV and Parquet.
"""

from reviews.collection import ReviewCollection, Skipped, Source, read_reviews
from reviews.columns import RATING, Columns
from reviews.layout import Layout, Quoting
from reviews.layout_options import add_layout_options
from reviews.opening import KNOWN_FORMATS, open_rows
from reviews.review import Part, Review
from reviews.row import Reject, Row, RowStream
from reviews.rules import MAX_TEXT_CHARACTERS, RowRules, reviews_in, text_in

__all__ = [
    "KNOWN_FORMATS",
    "MAX_TEXT_CHARACTERS",
    "RATING",
    "Columns",
    "Layout",
    "Part",
    "Quoting",
    "Reject",
    "Review",
    "ReviewCollection",
    "Row",
    "RowRules",
    "RowStream",
    "Skipped",
    "Source",
    "add_layout_options",
    "open_rows",
    "read_reviews",
    "reviews_in",
    "text_in",
]
