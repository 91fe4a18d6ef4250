import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from training.errors import InvalidProbes
from training.evaluation.probing.capabilities import PROBES, Capability, Case, load_capabilities

ONE_LABEL = {"negated praise": "negative", "negated blame": "positive"}
REVIEWED = ("typos in neutral words", "typos in any word", "added neutral sentence")
SMALL = """\
[words.any]
good = ["fine", "nice"]
bad = ["dire", "grim"]
extra = ["It rained."]

[words.film]
thing = ["film", "play"]
only_here = ["x"]
one = ["y"]

[words.stay]
thing = ["hotel"]

[reviews]
positive = ["A {good} {thing}."]
negative = ["A {bad} {thing}."]

[[capabilities]]
name = "small"
"""
ONE_CASE = 'kind = "label"\nnum_cases = 1\npositive = ["x"]'
HASH_PROGRAM = """\
import hashlib
from training.evaluation.probing.capabilities import load_capabilities
print(hashlib.sha256(repr(load_capabilities()).encode()).hexdigest())
"""


def load(path: Path, capability: str) -> Capability:
    path.write_text(SMALL + capability, encoding="utf-8")
    [loaded] = load_capabilities(path)
    return loaded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.toml"


def test_every_capability_has_30_to_120_cases() -> None:
    assert [it.name for it in load_capabilities() if not 30 <= len(it.cases) <= 120] == []


def test_labels_are_balanced_within_a_capability_or_with_its_mirror() -> None:
    single = {it.name: it.cases[0].label for it in load_capabilities() if len(_labels(it)) == 1}
    assert single == ONE_LABEL
    assert len(set(sum((_labels(it) for it in load_capabilities()), Counter[str]()).values())) == 1


def test_no_label_is_expected_of_a_text_twice_or_of_both_labels() -> None:
    texts = Counter(case.text for it in load_capabilities() if it.kind == "label" for case in it.cases)
    assert [text for text, number in texts.items() if number > 1] == []


def test_every_list_of_words_is_used() -> None:
    words = tomllib.loads(PROBES.read_text(encoding="utf-8"))["words"]
    texts = "\n".join(_texts())
    unused = [
        f"{domain}.{slot}"
        for domain, lists in words.items()
        for slot, values in lists.items()
        if not any(value in texts for value in values)
    ]
    assert unused == []


def test_every_template_is_used() -> None:
    source = tomllib.loads(PROBES.read_text(encoding="utf-8"))
    templates = [*source["capabilities"], *(source["reviews"] | {"name": name} for name in REVIEWED)]
    cases = {it.name: [case.text for case in it.cases] for it in load_capabilities()}
    for it in templates:
        for template in (*it.get("positive", ()), *it.get("negative", ())):
            pattern = re.sub(r"\\{\w+\\}", "(.+)", re.escape(template.replace("a/an", "an?")))
            pattern = pattern.replace("an\\?", "an?")
            assert any(re.fullmatch(pattern, text) for text in cases[it["name"]]), template


def test_texts_are_clean_sentences() -> None:
    for text in _texts():
        assert re.fullmatch(r"[A-Z][^{}/]*[.!]", text), text
        assert not re.search(r"\s{2}|\s[.,!?;]|\b(\w+) \1\b", text), text


def test_articles_fit() -> None:
    wrong = [text for text in _texts() if re.search(r"\b[Aa] [aeio]|\b[Aa]n [^aeiou]|\b[Aa] un(?!i)", text)]
    assert wrong == []


def test_pairs_differ_only_in_what_is_changed() -> None:
    for capability in load_capabilities():
        for case in capability.cases if capability.kind == "invariance" else ():
            assert case.changed is not None
            before, after = case.text.split(), case.changed.split()
            if capability.name == "added neutral sentence":
                assert case.text in case.changed
            else:
                assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_every_process_makes_the_same_cases() -> None:
    hashes = {
        subprocess.run(
            [sys.executable, "-c", HASH_PROGRAM],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert hashes == {hashlib.sha256(repr(load_capabilities()).encode()).hexdigest()}


def test_an_expansion_takes_turns_among_domains_and_templates(path: Path) -> None:
    capability = load(
        path, 'kind = "label"\nnum_cases = 3\npositive = ["A {good} {thing}.", "{only_here}", "Yes."]\n'
    )
    assert [case.label for case in capability.cases] == ["positive"] * 3
    assert re.fullmatch(r"A (fine|nice) (film|play)\.", capability.cases[0].text)
    assert [case.text for case in capability.cases[1:]] == ["x", "Yes."]


def test_a_capability_without_templates_takes_the_reviews(path: Path) -> None:
    capability = load(path, 'kind = "invariance"\nnum_cases = 4\nadd = "extra"\n')
    assert [case.label for case in capability.cases] == ["negative"] * 2 + ["positive"] * 2
    for case in capability.cases:
        assert case.changed in (f"{case.text} It rained.", f"It rained. {case.text}")


def test_only_words_of_the_slots_named_are_misspelt(path: Path) -> None:
    capability = load(path, 'kind = "invariance"\nnum_cases = 6\ntypo = ["thing"]\n')
    wrong = re.compile(r"A (fine|nice|dire|grim) (flim|paly|htoel|hoetl)\.")
    assert [case.changed for case in capability.cases if not wrong.fullmatch(str(case.changed))] == []


def test_a_template_that_is_added_leaves_the_cases_of_others_alone(path: Path, tmp_path: Path) -> None:
    one = load(path, 'kind = "label"\nnum_cases = 2\npositive = ["A {good} {thing}."]\n')
    both = load(
        tmp_path / "both.toml",
        'kind = "label"\nnum_cases = 4\npositive = ["A {good} {thing}.", "Really {good}, {thing}."]\n',
    )
    assert set(one.cases) < set(both.cases)


@pytest.mark.parametrize(
    ("capability", "message"),
    [
        ('kind = "label"\nnum_cases = 7\npositive = ["A {good} {thing}."]', "make only 6 of 7 cases"),
        ('kind = "label"\nnum_cases = 1\npositive = ["A {god} {thing}."]', "slot of 'A {god} {thing}.'"),
        ('kind = "label"\nnum_cases = 3\npositive = ["x"]\nnegative = ["y"]', "must be a multiple of 2"),
        ('kind = "label"\nnum_cases = 0\npositive = ["x"]', "must be a multiple of 1"),
        ('kind = "label"\nnum_cases = 2\npositive = ["x"]\nnegative = ["x"]', "small: 'x' comes twice"),
        ('kind = "label"\nnum_cases = 2\nadd = "extra"', "small: needs 0 of swap, add and typo"),
        ('kind = "invariance"\nnum_cases = 2', "small: needs 1 of swap, add and typo"),
        ('kind = "invariance"\nnum_cases = 2\nadd = "nothing"', "no domain has words"),
        ('kind = "invariance"\nnum_cases = 2\nadd = "extra"\ntypo = []', "needs 1 of swap, add and typo"),
        ('kind = "invariance"\nnum_cases = 2\nswap = { slot = "thing" }', "capabilities.0.swap.to"),
        ('kind = "invariance"\nnum_cases = 2\nswap = { slot = "good", to = "bad" }', "make only 0 of 1"),
        ('kind = "direction"\nnum_cases = 1\nswap = {slot="one",to="one"}\npositive = ["{one}"]', "only 0"),
        ('kind = "label"\nnum_cases = 1\npositive = ["x"]\n[words.empty]\nthing = []', "words.empty.thing: "),
        ('kind = "perhaps"\nnum_cases = 2', "capabilities.0.kind"),
        ('kind = "label"\nnum_cases = "2"', "capabilities.0.num_cases"),
        ('kind = "label"\nnum_cases = 2\nneutral = ["x"]', "capabilities.0.neutral"),
        (f'{ONE_CASE}\n[[capabilities]]\nname = "small"\n{ONE_CASE}', "share a name"),
        ("kind = ", "Invalid value"),
    ],
)  # fmt: skip
def test_a_fault_in_the_file_is_reported_by_its_name(path: Path, capability: str, message: str) -> None:
    with pytest.raises(InvalidProbes) as refusal:
        load(path, capability)
    assert str(refusal.value).startswith(f"{path}: ")
    assert message in str(refusal.value)


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(InvalidProbes, match=re.escape(str(path))):
        load_capabilities(path)


GOOD = Case(label="positive", text="good")
BAD = Case(label="negative", text="bad")


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ([], "has no cases"),
        ([GOOD, BAD, GOOD, Case(label="negative", text="dire")], "'good' comes twice"),
        ([GOOD, BAD, Case(label="negative", text="dire")], "is unbalanced, {'positive': 1, 'negative': 2}"),
        ([GOOD, Case(label="negative", text="bad", changed="bda")], "'bad' is of another kind"),
    ],
)
def test_cases_that_prove_nothing_are_refused(cases: list[Case], message: str) -> None:
    with pytest.raises(InvalidProbes) as refusal:
        Capability(name="small", kind="label", cases=tuple(cases))
    assert str(refusal.value).startswith("small: ")
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("changed", "message"), [("good", "leaves 'good' as it is"), (None, "is of another kind")]
)
def test_a_pair_must_be_of_two_texts(changed: str | None, message: str) -> None:
    with pytest.raises(InvalidProbes, match=message):
        Capability(
            name="small", kind="invariance", cases=(Case(label="positive", text="good", changed=changed),)
        )


def _labels(capability: Capability) -> Counter[str]:
    return Counter(case.label for case in capability.cases)


def _texts() -> list[str]:
    cases = [case for capability in load_capabilities() for case in capability.cases]
    return [text for case in cases for text in (case.text, case.changed) if text is not None]
