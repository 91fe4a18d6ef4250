import json
import re
from dataclasses import replace
from typing import Any

import pytest

from model_store import Draft, ProbeFigures, Rollout, Store
from tests.model_store.command_line import Run


@pytest.fixture
def two(store: Store, loadable: Draft) -> Store:
    """A store with two versions, the first live."""
    store.publish(loadable)
    store.publish(loadable)
    store.set_alias("reviews", "production", 1)
    return store


@pytest.mark.usefixtures("two")
def test_promote_rollback_and_history(run: Run) -> None:
    code, out, err = run("promote", "reviews@2", "--why", "short texts")
    assert (code, err) == (0, [])
    assert out == [
        "probes: 75.00% passed, before 75.00%, in 1 capabilities",
        "reviews@production: version 2 (before: 1)",
    ]
    assert run("promote", "reviews@2") == (0, ["reviews@2 is live already"], [])
    assert run("rollback", "reviews") == (0, ["reviews@production: version 1 (before: 2)"], [])
    code, out, err = run("history", "reviews")
    assert (code, err, len(out)) == (0, [], 4)
    assert out[0].split() == ["WHEN", "WHO", "ACTION", "ALIAS", "FROM", "TO", "WHY", "EVIDENCE"]
    assert out[2].endswith("1     2   short texts  probes_passed 0.7500, probes_passed_before 0.7500")


@pytest.mark.usefixtures("two")
def test_json_for_programs(run: Run) -> None:
    def answer(*arguments: str) -> Any:  # noqa: ANN401  # what JSON holds
        code, out, err = run(*arguments, "--json")
        assert (code, err) == (0, [])
        return json.loads("\n".join(out))

    assert [each["version"] for each in answer("list")] == ["1", "2"]
    assert answer("promote", "reviews@2")["to"] == 2
    assert answer("promote", "reviews@2") is None
    assert answer("rollback", "reviews")["to"] == 1
    assert answer("rollout", "reviews@2", "--canary", "5%")["evidence"] == {"canary": 0.05, "shadow": 0.0}
    assert answer("rollout", "reviews") == {"candidate": 2, "canary": 0.05, "shadow": 0.0}
    assert answer("rollout", "--stop")["from"] == 2
    assert answer("rollout", "reviews") is None
    assert answer("alias", "reviews@2", "staging")["alias"] == "staging"
    assert [each["action"] for each in answer("history", "reviews")] == [
        "alias", "promote", "rollback", "rollout", "stop", "alias",
    ]  # fmt: skip
    assert [each["field"] for each in answer("diff", "reviews@1", "reviews@2")] in ([], ["created_at"])
    assert [each["keep"] for each in answer("gc")] == [True, True]


def test_force_needs_a_reason(
    two: Store, loadable: Draft, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    probes = {name: replace(each, failure_ratio=0.5) for name, each in loadable.probes.items()}
    two.publish(replace(loadable, probes=probes))
    code, _, err = run("promote", "reviews@3")
    assert code == 1
    assert "it passes 50.00% of the probes, reviews@1 75.00%" in err[0]
    with pytest.raises(SystemExit) as end:
        run("promote", "reviews@3", "--force")
    assert end.value.code == 2
    assert "--force needs --why TEXT" in capsys.readouterr().err
    assert run("promote", "reviews@3", "--force", "--why", "asked for")[0] == 0
    assert two.history("reviews")[-1].why == "asked for"


def test_rollout(two: Store, run: Run) -> None:
    begun = run("rollout", "reviews@2", "--canary", "5%", "--shadow", "0.2")
    assert begun == (0, ["reviews@2: canary 5.00%, shadow 20.00%"], [])
    assert two.rollout("reviews") == Rollout(candidate=2, canary=0.05, shadow=0.2)
    assert run("rollout") == begun
    assert run("rollout", "--stop") == (0, ["reviews: the rollout has ended"], [])
    assert run("rollout", "reviews") == (0, ["reviews: no rollout"], [])
    assert run("rollout", "--stop")[2][0].endswith("0 models have a rollout: name the model")


@pytest.mark.parametrize("share", ["5", "-1%", "101%", "half", "nan"])
def test_shares_that_are_none(run: Run, share: str) -> None:
    with pytest.raises(SystemExit) as end:
        run("rollout", "reviews@2", f"--canary={share}")
    assert end.value.code == 2


def test_diff(store: Store, draft: Draft, run: Run) -> None:
    store.publish(draft)
    probes = {"negated praise": ProbeFigures(num_cases=40, failure_ratio=0.125)}
    store.publish(replace(draft, temperature=1.5, probes=probes, recipe={"epochs": 3}))
    code, out, err = run("diff", "reviews@1", "reviews@2")
    assert (code, err) == (0, [])
    assert "MODEL_CARD.md" not in "".join(out)
    cells = [tuple(re.split(r"  +", line)) for line in out if not line.startswith("created_at")]
    assert cells == [
        ("FIELD", "reviews@1", "reviews@2"),
        ("temperature", "1.2500", "1.5000"),
        ("recipe.optimizer.name", "adam", "null"),
        ("recipe.optimizer.rate", "0.0010", "null"),
        ("probes.negated praise.failure_ratio", "0.2500", "0.1250"),
    ]


def test_gc_deletes_only_when_asked_to(store: Store, draft: Draft, run: Run) -> None:
    for _ in range(5):
        store.publish(draft)
    store.set_alias("reviews", "production", 1)
    code, out, err = run("gc")
    assert (code, err) == (0, [])
    assert [line.split()[1:2] + line.split()[4:6] for line in out[1:3]] == [
        ["1", "keep", "alias"],
        ["2", "would", "delete"],
    ]
    assert out[-1].startswith("would delete: 1 of 5 versions, ")
    assert out[-1].endswith("; --yes deletes them")
    assert store.versions("reviews") == [1, 2, 3, 4, 5]
    (store.root / "reviews" / ".removing-9-abcd").mkdir()
    assert run("gc", "--yes")[1][-1].startswith("deleted: 1 of 5 versions")
    assert store.versions("reviews") == [1, 3, 4, 5]
    assert store.removed_manifest("reviews", 2).version == 2
    assert not list(store.root.glob("reviews/.removing-*"))
