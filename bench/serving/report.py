"""The tables of a run in Markdown: medians over the rounds and their ratios to this service."""

from collections.abc import Iterator, Sequence

from bench.serving.cases import CASES
from bench.serving.figures import CaseFigures, ServerFigures, ServingResults
from bench.serving.medians import THIS, divide, median, medians
from bench.serving.targets import targets

__all__ = ["to_markdown"]


def to_markdown(results: ServingResults) -> str:
    """Return every table, the targets first; a server that was left out has a row with the reason."""
    parts = [
        _preface(results),
        _targets(results),
        _overview(results),
        *(_case(results, name) for name in _cases(results)),
        _footprints(results),
        _offline(results),
        _setups(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _preface(results: ServingResults) -> str:
    machine = results.machine
    return (
        f"Measured {results.started_at[:10]} with `{results.model}` on {machine['cores']} cores of "
        f"{machine['processor']}, Python {machine['python']}, PyTorch {machine['torch']}: {results.rounds} "
        f"rounds of {results.seconds:g} s for each case. Figures are medians over the rounds, ratios are to "
        "this service."
    )


def _targets(results: ServingResults) -> str:
    rows = [
        [each.what, f"at least {each.min_ratio:.2f}", f"{each.ratio:.2f}", "yes" if each.is_met else "no"]
        for each in targets(results)
    ]
    return _section("Targets", ["target", "wanted", "measured", "met"], rows)


def _overview(results: ServingResults) -> str:
    names = [name for name in _cases(results) if CASES[name].arrival == "closed"]
    rows = [
        [server.name, *(_ratio(_throughput_ratio(results, key, name)) for name in names)]
        for key, server in results.servers.items()
    ]
    return _section("Reviews/s as a ratio to this service", ["server", *names], rows if names else [])


def _case(results: ServingResults, name: str) -> str:
    case = CASES[name]
    columns = ["server", "ratio", "reviews/s", "p50 ms", "p95 ms", "p99 ms", "p99 ratio"]
    columns += ["failed"] if case.arrival == "closed" else ["refused", "late", "failed"]
    rows = [_case_row(results, key, name) for key, each in results.servers.items() if name in each.cases]
    return _section(_title(results, name), columns, rows)


def _title(results: ServingResults, name: str) -> str:
    case = CASES[name]
    title = case.title[0].upper() + case.title[1:]
    if case.arrival == "overload":
        return f"{title}: answers within a second"
    rates = [
        each.cases[name][0].offered_reviews_per_second for each in _measured(results) if name in each.cases
    ]
    return title if rates[0] is None else f"{title}: {rates[0]:.0f} reviews/s"


def _case_row(results: ServingResults, key: str, name: str) -> list[str]:
    found, rounds = medians(results, key, name), results.servers[key].cases[name]
    return [
        results.servers[key].name,
        _ratio(_throughput_ratio(results, key, name)),
        *map(_number, (found.reviews_per_second, found.p50_ms, found.p95_ms, found.p99_ms)),
        _ratio(divide(found.p99_ms, medians(results, THIS, name).p99_ms)),
        *(
            []
            if CASES[name].arrival == "closed"
            else [_share(rounds, "num_refused"), _share(rounds, "num_late")]
        ),
        _share(rounds, "num_failed"),
    ]


def _throughput_ratio(results: ServingResults, key: str, name: str) -> float | None:
    own, this = (medians(results, each, name).reviews_per_second for each in (key, THIS))
    return divide(own, this)


def _footprints(results: ServingResults) -> str:
    rows = []
    this = results.servers.get(THIS)
    for server in _measured(results):
        row = [server.name]
        for field in ("rss_mib", "pss_mib", "cold_start_seconds"):
            value, own = (median(getattr(each, field)) if each else None for each in (server, this))
            row += [_number(value), _ratio(divide(value, own))]
        rows.append(row)
    columns = ["server", "RSS, MiB", "ratio", "PSS, MiB", "ratio", "cold start, s", "ratio"]
    return _section("Memory after the load, and cold start", columns, rows)


def _offline(results: ServingResults) -> str:
    offline = results.offline
    if offline is None:
        return ""
    score = median(offline.score)
    rows = [
        [name, _number(median(values)), _ratio(divide(median(values), score))]
        for name, values in (
            ("engine, tokenized reviews in ideal batches", offline.score),
            ("engine, with tokenizing", offline.predict),
            ("transformer of DistilBERT's size, ideal batches", offline.transformer),
        )
    ]
    return _section("Without HTTP, on the same cores", ["what", "reviews/s", "ratio to the engine"], rows)


def _setups(results: ServingResults) -> str:
    rows = [
        [server.name, ", ".join(f"`{each}`" for each in server.requirements), server.skipped or server.setup]
        for server in results.servers.values()
    ]
    return _section("How each was set up", ["server", "packages", "setup, or why it was left out"], rows)


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [columns, ["---"] * len(columns), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {title}\n\n{table}"


def _cases(results: ServingResults) -> list[str]:
    return [name for name in CASES if any(name in each.cases for each in _measured(results))]


def _measured(results: ServingResults) -> Iterator[ServerFigures]:
    return (server for server in results.servers.values() if server.cases)


def _share(rounds: Sequence[CaseFigures], field: str) -> str:
    total = sum(each.num_good + each.num_refused + each.num_late + each.num_failed for each in rounds)
    return f"{sum(getattr(each, field) for each in rounds) / total:.1%}" if total else "-"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
