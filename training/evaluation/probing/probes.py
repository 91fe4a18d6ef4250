"""Probing a classifier: how often it fails at each capability, and on which texts.

A test set shows how good a model is on reviews like those that it learned from. Probes show what it has
understood: negation, time, answers to questions, and changes that should make no difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain

from pydantic import JsonValue

from model_store import ProbeFigures
from sentiment import Classifier, Prediction
from training.evaluation.probing.capabilities import PROBE_LABELS, Capability, Case, Kind, load_capabilities

__all__ = [
    "DIRECTION_TOLERANCE",
    "NOT_APPLICABLE",
    "Failure",
    "ProbeResult",
    "as_json",
    "failure_lines",
    "figures_by_name",
    "run_probes",
    "summary",
    "table_lines",
]

DIRECTION_TOLERANCE = 0.1
"""Largest move of a probability in the wrong direction that passes, as in CheckList."""
NOT_APPLICABLE = f"the probes are for models with the labels {' and '.join(PROBE_LABELS)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A case that the classifier gets wrong, and its answers."""

    case: Case
    predicted: str
    probability: float
    """Of the case's label."""
    changed_predicted: str | None = None
    changed_probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What probing one capability found."""

    name: str
    kind: Kind
    num_cases: int
    failures: tuple[Failure, ...]

    @property
    def figures(self) -> ProbeFigures:
        """The result as a manifest has it."""
        return ProbeFigures(num_cases=self.num_cases, failure_ratio=len(self.failures) / self.num_cases)


def run_probes(
    classifier: Classifier, capabilities: Sequence[Capability] | None = None
) -> tuple[ProbeResult, ...] | None:
    """Return a result for each capability, in order; by default for those that ship.

    Returns None for a classifier whose labels are not negative and positive, in any order: the probes say
    nothing about it. Nor about a model of another language than English, but its labels do not show that.
    """
    if sorted(classifier.labels) != sorted(PROBE_LABELS):
        return None
    capabilities = load_capabilities() if capabilities is None else capabilities
    texts = list(dict.fromkeys(chain.from_iterable(map(_texts, capabilities))))
    said = dict(zip(texts, classifier.predict(texts), strict=True))
    return tuple(
        ProbeResult(
            name=capability.name,
            kind=capability.kind,
            num_cases=len(capability.cases),
            failures=tuple(
                _failure(case, said) for case in capability.cases if _fails(capability.kind, case, said)
            ),
        )
        for capability in capabilities
    )


def figures_by_name(results: Sequence[ProbeResult] | None) -> dict[str, ProbeFigures]:
    """Return the figures as a manifest has them; empty where the probes do not apply."""
    return {result.name: result.figures for result in results or ()}


def summary(probes: Mapping[str, ProbeFigures]) -> str:
    """Return the figures as one line for people."""
    if not probes:
        return f"not run: {NOT_APPLICABLE}"
    num_cases = sum(figures.num_cases for figures in probes.values())
    num_failed = sum(figures.failure_ratio * figures.num_cases for figures in probes.values())
    worst = max(probes, key=lambda name: probes[name].failure_ratio)
    return (
        f"{1 - num_failed / num_cases:.1%} of {num_cases:,} cases passed; "
        f"worst: {worst}, {1 - probes[worst].failure_ratio:.0%} passed"
    )


def table_lines(probes: Mapping[str, ProbeFigures]) -> list[str]:
    """Return the summary, and a line for each capability under a heading, for people."""
    width = max(map(len, probes), default=0)
    rows = [
        f"  {name:<{width}}  {figures.num_cases:>5}  {figures.failure_ratio:>6.1%}"
        for name, figures in probes.items()
    ]
    heading = [f"  {'':<{width}}  cases  failed"] if rows else []
    return [f"probes: {summary(probes)}", *heading, *rows]


def failure_lines(results: Sequence[ProbeResult], num_failures: int) -> list[str]:
    """Return the first failing cases of each capability, at most `num_failures`, as lines for people."""
    lines = []
    for result in results:
        if shown := result.failures[:num_failures]:
            lines += ["", f"{result.name}: {len(shown)} of {len(result.failures)} failures"]
            lines += chain.from_iterable(_lines(failure) for failure in shown)
    return lines


def as_json(results: Sequence[ProbeResult], num_failures: int) -> dict[str, JsonValue]:
    """Return the results by capability as plain data, with at most `num_failures` failing cases of each."""
    return {
        result.name: {
            "kind": result.kind,
            **asdict(result.figures),
            "failures": [asdict(failure) for failure in result.failures[:num_failures]],
        }
        for result in results
    }


def _texts(capability: Capability) -> Iterator[str]:
    for case in capability.cases:
        yield case.text
        if case.changed is not None:
            yield case.changed


def _fails(kind: Kind, case: Case, said: Mapping[str, Prediction]) -> bool:
    before = said[case.text]
    if case.changed is None:
        return before.label != case.label
    after = said[case.changed]
    if kind == "invariance":
        return before.label != after.label
    return after.probabilities[case.label] < before.probabilities[case.label] - DIRECTION_TOLERANCE


def _failure(case: Case, said: Mapping[str, Prediction]) -> Failure:
    before = said[case.text]
    failure = Failure(case=case, predicted=before.label, probability=before.probabilities[case.label])
    if case.changed is None:
        return failure
    after = said[case.changed]
    return Failure(
        case=case,
        predicted=before.label,
        probability=failure.probability,
        changed_predicted=after.label,
        changed_probability=after.probabilities[case.label],
    )


def _lines(failure: Failure) -> Iterator[str]:
    label = failure.case.label
    yield f"  {label} {failure.probability:.2f}  {failure.case.text}"
    if failure.case.changed is not None:
        yield f"  {label} {failure.changed_probability:.2f}  {failure.case.changed}"
