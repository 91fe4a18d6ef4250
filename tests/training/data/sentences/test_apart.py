"""Training texts and probes stay apart: what passes was understood, not learned by heart."""

import re
import tomllib
from collections.abc import Iterator

from sentiment.tokenizer import split
from training.data.sentences.grammar import GRAMMAR, LABELS, Form, Label, Template, load_grammar, sides
from training.data.templates import fill, slots
from training.evaluation.probing.capabilities import PROBES, load_capabilities

MIN_NEW_RATIO = 0.8
"""Least share of the training words that no list of the probes has."""
MIN_UNSEEN_RATIO = 0.5
"""Least share of the probes' words that no list of the grammar has."""
OPINION_LISTS = [
    "good",
    "bad",
    "strong_praise",
    "strong_blame",
    "love",
    "loved",
    "hate",
    "hated",
    "praise",
    "blame",
    "fault",
    "like",
    "tiring",
]


def templates() -> list[Template]:
    kinds = load_grammar().kinds
    return [template for kind in kinds for label in LABELS for template in kind.templates(label)]


def written_forms(template: Template) -> Iterator[tuple[str, Form]]:
    for form in template.forms:
        for text in sides(form.text) if template.contrast else (form.text,):
            yield text, form


def blanked(template: str) -> str:
    """Return a template as its fixed words alone, so that two that differ only in their slots are equal."""
    return " ".join(split(fill(template, dict.fromkeys(slots(template), "_"))))


def probe_templates() -> set[str]:
    file = tomllib.loads(PROBES.read_text(encoding="utf-8"))
    tables = [*file["capabilities"], file["reviews"]]
    return {text for table in tables for label in LABELS for text in table.get(label, ())}


def probe_texts() -> set[str]:
    cases = [case for capability in load_capabilities() for case in capability.cases]
    return {text for case in cases for text in (case.text, case.changed) if text is not None}


def words_of_probes() -> set[str]:
    file = tomllib.loads(PROBES.read_text(encoding="utf-8"))
    lists = [words.get(name, []) for words in file["words"].values() for name in OPINION_LISTS]
    single = next(it for it in file["capabilities"] if it["name"] == "one word")
    lists += [[text.rstrip(".").lower() for text in single[label]] for label in LABELS]
    return {word for words in lists for word in words}


def words_of_grammar() -> set[str]:
    file = tomllib.loads(GRAMMAR.read_text(encoding="utf-8"))
    polar = [words.get(label, {}) for words in file["words"].values() for label in LABELS]
    return {word for lists in polar for words in lists.values() for word in words}


def makeable(text: str, form: Form, written: str, label: Label) -> bool:
    """Return whether a template can make a text, in any domain."""
    for domain in form.domains:
        words = load_grammar().domains[domain]
        pattern = re.escape(fill(written, {slot: f"@{slot}@" for slot in slots(written)}))
        for slot in slots(written):
            options = "|".join(map(re.escape, words.of(slot, label)))
            pattern = pattern.replace(re.escape(f"@{slot}@"), f"(?:{options})")
        if re.fullmatch(pattern.replace("a/an", "an?"), text, re.IGNORECASE):
            return True
    return False


def test_no_template_is_one_of_the_probes() -> None:
    ours = {blanked(text): text for template in templates() for text, _ in written_forms(template)}
    theirs = {blanked(text): text for text in probe_templates()}
    assert {(ours[same], theirs[same]) for same in ours.keys() & theirs.keys()} == set()


def test_few_opinion_words_are_those_of_the_probes() -> None:
    ours, theirs = words_of_grammar(), words_of_probes()
    shared = ours & theirs
    assert len(ours - theirs) / len(ours) >= MIN_NEW_RATIO, sorted(shared)
    assert len(theirs - ours) / len(theirs) >= MIN_UNSEEN_RATIO, sorted(shared)


def runs(text: str) -> Iterator[str]:
    """Yield every run of sentences in a text."""
    sentences = re.split(r"(?<=[.!?]) ", text)
    for start in range(len(sentences)):
        for end in range(start, len(sentences)):
            yield " ".join(sentences[start : end + 1])


def test_no_template_can_make_a_probe_or_a_part_of_one() -> None:
    theirs = {run.lower() for text in probe_texts() for run in runs(text)}
    found = set()
    for written, form in {pair for template in templates() for pair in written_forms(template)}:
        fixed = [part.lower() for part in re.split(r"\{!?\w+\}|a/an", written, flags=re.IGNORECASE)]
        longest = max(fixed, key=len)
        near = [text for text in theirs if longest in text and all(part in text for part in fixed)]
        found |= {
            (text, written) for text in near if any(makeable(text, form, written, label) for label in LABELS)
        }
    assert found == set()
