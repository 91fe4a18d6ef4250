"""The table of figures by domain."""

import numpy as np

from training.evaluation.domains import domain_lines
from training.evaluation.metrics import evaluate

SURE, UNSURE = [0.0, 1.0], [0.5, 0.5]


def test_every_domain_counts_the_same_in_the_mean() -> None:
    domains = {
        "books": evaluate(np.array([SURE] * 1_000), [1] * 1_000),
        "restaurants": evaluate(np.array([SURE, UNSURE, UNSURE, SURE]), [1, 0, 1, 0]),
    }
    assert domain_lines(domains) == [
        "domain             reviews  accuracy     ECE",
        "books                1,000   100.00%   0.00%",
        "restaurants              4    50.00%  25.00%",
        "mean over domains    1,004    75.00%  12.50%",
    ]


def test_without_domains_there_is_no_table() -> None:
    assert domain_lines({}) == []
