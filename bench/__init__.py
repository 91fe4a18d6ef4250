"""Benchmarks that anyone can rerun, from the root of the project: `python -m bench.NAME`."""
