"""Files of reviews in, `Review` objects out: the IMDB folder and archive, JSONL, CSV, TSV and Parquet."""

from reviews.collection import KNOWN_FORMATS, read_reviews
from reviews.review import ReviewCollection, Source

__all__ = ["KNOWN_FORMATS", "ReviewCollection", "Source", "read_reviews"]
