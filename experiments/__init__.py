"""Experiments that an option, an ingredient or a method was chosen by: `python -m experiments.NAME`."""
