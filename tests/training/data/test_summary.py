from pathlib import Path

from reviews import Layout, Reject, Review, Skipped, Source
from training.data.labels import LabelSet
from training.data.summary import class_lines, source_lines, summarise_classes


def test_each_file_has_a_line_that_says_how_it_was_read() -> None:
    table = Layout(format="TSV", encoding="Windows-1252", separator="\t", quoting="none")
    lines = Layout(format="JSONL", encoding="UTF-8")
    skipped = tuple(
        Skipped(reason, num, Reject("x.tsv", line, reason))
        for reason, num, line in (("the text is empty", 1200, 7), ("a", 3, None), ("b", 2, 9), ("c", 1, 1))
    )
    sources = [
        ("train", Source(path=Path("data/x.tsv"), layout=table, num_reviews=25_000, skipped=skipped)),
        ("test", Source(path=Path("y.jsonl"), layout=lines, num_reviews=9)),
    ]
    assert source_lines(sources) == [
        "       file     format  encoding      separator  quoting    rows  reviews  skipped",
        "train  x.tsv    TSV     Windows-1252  tab        none     26,206   25,000    1,206",
        "test   y.jsonl  JSONL   UTF-8         -          -             9        9        0",
        "skipped in x.tsv: 1,200 x the text is empty, first in line 7",
        "skipped in x.tsv: 3 x a",
        "skipped in x.tsv: 2 x b, first in line 9",
        "skipped in x.tsv: 1 for other reasons",
    ]


def test_each_class_has_a_line_with_its_spellings_and_an_example() -> None:
    reviews = [
        Review("1", "Fine,\n\tand\u200b   long " + "x" * 100, "Pos", None),
        Review("2", "Dull", "0", None),
        Review("3", "Good", "POS", None),
    ]
    assert class_lines(summarise_classes(LabelSet.infer(reviews), reviews)) == [
        "class     reviews  written   such as",
        "negative        1  0         Dull",
        "positive        2  Pos, POS  Fine, and long " + "x" * 44 + "…",
    ]


def test_a_label_in_many_spellings_shows_the_first() -> None:
    spellings = ["good", "Good", "GOOD", "gOOD", "goOD", "bad"]
    reviews = [Review(str(number), "x", label, None) for number, label in enumerate(spellings)]
    lines = class_lines(summarise_classes(LabelSet.infer(reviews), reviews))
    assert "  good, Good, GOOD, gOOD, …  " in lines[1]
