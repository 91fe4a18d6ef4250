"""Variations of texts that leave their targets as they are, and neutral sentences.

A model that sees each text in one form only learns things that should not matter: end marks, names, places,
web addresses, spellings. So a recipe may have texts varied anew each time that they are trained on. What is
varied follows from seed, step and text alone, so a resumed run sees the same.

words.toml         names, places, words for groups of people, sentences without an opinion
words.py           the file, parsed and checked
variation.py       what a variation is
augmenter.py       all variations of a recipe, one after the other
varied_texts.py    the token ids of varied texts
"""
