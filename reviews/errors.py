"""What can go wrong in reading reviews.

SentimentError
└── ReviewsError           the root of every exception that `reviews` raises
    ├── UnreadableReviews  a file or folder cannot be read as reviews
    └── UnusableRow        a row is no review; the readers turn it into a `RejectedReview`
"""

from sentiment.errors import SentimentError

__all__ = ["ReviewsError", "UnreadableReviews", "UnusableRow"]


class ReviewsError(SentimentError):
    """Any error that reading reviews raises on purpose."""


class UnreadableReviews(ReviewsError):
    """A file or folder cannot be read as reviews; the text names it and, where there is one, the line."""


class UnusableRow(ReviewsError):
    """A row that is no review; it never leaves `reviews`, whose readers turn it into a `RejectedReview`."""
