"""Arguments that several commands share."""

import argparse
from collections.abc import Callable

from model_store.store import Store

__all__ = ["Add", "Command", "add_json", "add_reference", "add_why", "ratio"]

Command = Callable[[Store, argparse.Namespace], int]
Add = Callable[[str, str, Command], argparse.ArgumentParser]
"""Adds a command: its name, what it does, and the function that runs it and returns the exit code."""


def add_json(command: argparse.ArgumentParser) -> None:
    """Let a command print JSON."""
    command.add_argument("--json", action="store_true", help="print JSON instead, for programs")


def add_reference(command: argparse.ArgumentParser, example: str) -> None:
    """Let a command take a version."""
    command.add_argument("reference", metavar="REF", help=example)


def add_why(command: argparse.ArgumentParser) -> None:
    """Let a command take a reason for the history, and print the history's line as JSON."""
    command.add_argument("--why", default="", metavar="TEXT", help="the reason, for the history")
    add_json(command)


def ratio(text: str) -> float:
    """Read a share, as in "5%" or "0.05"."""
    number = text.strip()
    try:
        value = float(number[:-1]) / 100 if number.endswith("%") else float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a share such as 5% or 0.05, not {text!r}")
    return value
