"""Whether words that say nothing of quality move a classifier: names, places, words for groups of people.

frames.toml         sentences without an opinion, and the words to put into them
frames.py           the file, parsed and checked
spread.py           how far the words move the probability in these sentences
label_changes.py    how often a typo, another name or a web address changes the label of a review
invariance.py       both, as a manifest has them and as lines for people
"""

from training.evaluation.invariance.invariance import (
    LABELS_DO_NOT_SPREAD,
    InvarianceReport,
    invariance_lines,
    measure_invariance,
)

__all__ = ["LABELS_DO_NOT_SPREAD", "InvarianceReport", "invariance_lines", "measure_invariance"]
