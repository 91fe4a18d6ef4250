"""Generated sentences to train on: short texts with a known label, made from templates and words.

grammar.toml       templates and word lists
grammar.py         the file, parsed and checked
sentences.py       making texts by it

They teach what long reviews do not: negation, time, answers to questions. They share no template and few
opinion words with `training.evaluation.probing`, so that the probes measure what was understood and not what
was learned by heart.
"""

from training.data.sentences.sentences import make_sentences

__all__ = ["make_sentences"]
