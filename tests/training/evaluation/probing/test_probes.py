import json
import re
from pathlib import Path

import pytest

from model_store import ProbeFigures, Store
from tests.sample_reviews import write_jsonl
from tests.training.evaluation.probing.word_sums import word_sums
from training.__main__ import main
from training.evaluation.probing import failure_lines, figures_by_name, run_probes, summary, table_lines
from training.evaluation.probing.capabilities import Capability, Case, load_capabilities

DOCUMENT = Path(__file__).parents[4] / "docs" / "probes.md"
VALUES = {"good": 1.0, "bad": -1.0, "not": -0.2, "very": 0.5, "oddly": -0.9, "rain": -2.0}
LABELLED = Capability(
    name="labelled",
    kind="label",
    cases=(
        Case(label="positive", text="good"),
        Case(label="positive", text="not bad"),  # says negative
        Case(label="negative", text="bad"),
        Case(label="negative", text="not good"),  # says positive
        Case(label="positive", text="very good"),
        Case(label="negative", text="good, very good and bad, bad, bad"),
    ),
)
UNMOVED = Capability(
    name="unmoved",
    kind="invariance",
    cases=(
        Case(label="positive", text="good", changed="good sun"),
        Case(label="positive", text="good day", changed="good day rain"),  # turns negative
        Case(label="negative", text="bad", changed="bad rain"),
        Case(label="negative", text="not good", changed="not good sun"),  # wrong, but the same
    ),
)
STRONGER = Capability(
    name="stronger",
    kind="direction",
    cases=(
        Case(label="positive", text="good", changed="very good"),
        Case(label="negative", text="bad", changed="very bad"),  # less negative
        Case(label="positive", text="good day", changed="oddly good day"),  # still positive, but by far less
        Case(label="negative", text="not bad", changed="bad"),  # less negative, but within the tolerance
    ),
)


def figures(classifier_values: dict[str, float], *capabilities: Capability) -> dict[str, float]:
    probes = figures_by_name(run_probes(word_sums(classifier_values), capabilities))
    return {name: it.failure_ratio for name, it in probes.items()}


def test_failure_rates_are_those_worked_out_by_hand() -> None:
    assert figures(VALUES, LABELLED, UNMOVED, STRONGER) == {
        "labelled": 2 / 6,
        "unmoved": 1 / 4,
        "stronger": 2 / 4,
    }


def test_a_classifier_that_knows_better_fails_less() -> None:
    assert figures(VALUES | {"rain": 0.0}, UNMOVED) == {"unmoved": 0.0}


def test_failures_tell_what_was_said() -> None:
    results = run_probes(word_sums(VALUES), [LABELLED, UNMOVED])
    assert results is not None
    labelled, unmoved = results
    assert [failure.case.text for failure in labelled.failures] == ["not bad", "not good"]
    assert [failure.predicted for failure in labelled.failures] == ["negative", "positive"]
    assert all(failure.probability < 0.5 for failure in labelled.failures)
    [failure] = unmoved.failures
    assert (failure.predicted, failure.changed_predicted) == ("positive", "negative")
    assert failure.changed_probability is not None
    assert failure.probability > 0.5 > failure.changed_probability


@pytest.mark.parametrize(("bias", "other"), [(5.0, "negative"), (-5.0, "positive")])
def test_one_answer_for_everything_fails_by_half_and_never_wavers(bias: float, other: str) -> None:
    results = run_probes(word_sums({"x": 0.0}, bias=bias))
    assert results is not None
    assert tuple(result.name for result in results) == tuple(it.name for it in load_capabilities())
    for result, capability in zip(results, load_capabilities(), strict=True):
        labels: list[str] = [case.label for case in capability.cases]
        expected = labels.count(other) / len(labels) if result.kind == "label" else 0.0
        assert result.figures == ProbeFigures(num_cases=len(labels), failure_ratio=expected)


def test_the_order_of_the_labels_does_not_matter() -> None:
    turned = {word: -value for word, value in VALUES.items()}
    results = run_probes(word_sums(turned, labels=("positive", "negative")), [LABELLED, STRONGER])
    assert results == run_probes(word_sums(VALUES), [LABELLED, STRONGER])


@pytest.mark.parametrize("labels", [("bad", "good"), ("0", "1"), ("Negative", "Positive")])
def test_probes_do_not_apply_to_other_labels(labels: tuple[str, str]) -> None:
    assert run_probes(word_sums(VALUES, labels=labels)) is None


def test_the_summary_names_the_worst() -> None:
    probes = {
        "one": ProbeFigures(num_cases=30, failure_ratio=0.1),
        "two": ProbeFigures(num_cases=60, failure_ratio=0.5),
    }
    assert summary(probes) == "63.3% of 90 cases passed; worst: two, 50% passed"
    assert table_lines(probes) == [
        "probes: 63.3% of 90 cases passed; worst: two, 50% passed",
        "       cases  failed",
        "  one     30   10.0%",
        "  two     60   50.0%",
    ]


def test_without_figures_the_table_says_why() -> None:
    assert table_lines({}) == [
        "probes: not run: the probes are for models with the labels negative and positive"
    ]


def test_failures_are_shown_up_to_a_number() -> None:
    results = run_probes(word_sums(VALUES), [LABELLED, UNMOVED])
    assert results is not None
    lines = failure_lines(results, 1)
    assert [line for line in lines if line[:1].isalpha()] == [
        "labelled: 1 of 2 failures",
        "unmoved: 1 of 1 failures",
    ]
    assert re.fullmatch(r"  positive 0\.\d\d  not bad", lines[2])
    assert [line[17:] for line in lines[-2:]] == ["good day", "good day rain"]
    assert failure_lines(results, 0) == []


def test_a_published_version_carries_what_probing_it_gives(tiny_store: Path) -> None:
    version = Store(tiny_store).load("reviews", device="cpu")
    assert version.manifest.probes == figures_by_name(run_probes(version.classifier))
    assert list(version.manifest.probes) == sorted(it.name for it in load_capabilities())
    for name, it in version.manifest.probes.items():
        assert f"| {name} | {it.num_cases} | {it.failure_ratio:.1%} |" in version.card


def test_the_command_prints_the_table(tiny_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    probes = Store(tiny_store).manifest("reviews", 1).probes
    assert main(["probe", "--store", str(tiny_store), "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "reviews@1"
    assert lines[1].startswith("probes: ")
    rows = lines[3 : lines.index("")]
    names = [re.split(r"  +", line.strip())[0] for line in rows]
    assert names == [it.name for it in load_capabilities()]
    assert all(f"{probes[name].failure_ratio:.1%}" in line for name, line in zip(names, rows, strict=True))


def test_the_command_shows_failing_texts(tiny_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["probe", "--store", str(tiny_store), "--model", "reviews@1", "--failures", "2"]
    assert main(command) == 0
    output = capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    manifest = Store(tiny_store).manifest("reviews", 1)
    assert report["version"] == "reviews@1"
    assert {name: it["failure_ratio"] for name, it in report["probes"].items()} == {
        name: it.failure_ratio for name, it in manifest.probes.items()
    }
    texts = [failure["case"]["text"] for it in report["probes"].values() for failure in it["failures"]]
    assert texts
    assert all(text in output for text in texts)
    assert all(len(it["failures"]) <= 2 for it in report["probes"].values())


def test_evaluate_prints_the_table_too(
    tiny_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": "a wonderful film", "label": 1}])
    command = ["evaluate", "--test", str(test), "--store", str(tiny_store), "--device", "cpu"]
    probes = Store(tiny_store).manifest("reviews", 1).probes
    assert main(command) == 0
    output = capsys.readouterr().out
    assert all(f"  {name} " in output for name in probes)
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {name: ProbeFigures(**it) for name, it in report["probes"].items()} == probes


@pytest.mark.parametrize("number", ["-1", "two"])
def test_a_number_of_failures_that_cannot_be_is_a_usage_error(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["probe", "--failures", number])
    assert stopped.value.code == 2
    assert "must be a whole number, 0 or more" in capsys.readouterr().err


def test_a_model_with_other_labels_is_not_probed_and_says_so(
    tmp_path: Path, tiny_recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("awful", "fair", "superb")
    rows = [{"text": f"a {words[index % 3]} thing {index}", "label": index % 3 + 1} for index in range(90)]
    stars, store = write_jsonl(tmp_path / "stars.jsonl", rows), tmp_path / "store"
    where = ["--run-folder", str(tmp_path / "run"), "--store", str(store), "--device", "cpu"]
    assert main(["fit", "--recipe", str(tiny_recipe), "--train", str(stars), *where]) == 0
    assert "probes: not run" in capsys.readouterr().out
    version = Store(store).load("reviews", device="cpu")
    assert version.manifest.probes == {}
    assert "Not run: the probes are for" in version.card
    assert main(["evaluate", "--test", str(stars), "--store", str(store)]) == 0
    assert "probes: not run" in capsys.readouterr().out
    assert main(["probe", "--store", str(store)]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("error: the probes are for models with the labels negative and positive")
    assert "reviews@1 has 1, 2, 3" in errors


def test_every_capability_is_documented_with_examples_that_are_real_cases() -> None:
    sections = dict(
        re.findall(r"^### (.+)\n((?:(?!#).*\n)*)", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert list(sections) == [it.name for it in load_capabilities()]
    for capability in load_capabilities():
        texts = {text for case in capability.cases for text in (case.text, case.changed) if text}
        examples = re.findall(
            r"^\* (.+?)(?: → (.+?))?(?: \((?:negative|positive)\))?$", sections[capability.name], re.MULTILINE
        )
        assert len(examples) == 2, capability.name
        assert {text for pair in examples for text in pair if text} <= texts
