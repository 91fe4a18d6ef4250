"""What a job says at its end."""

from dataclasses import dataclass
from pathlib import Path

from scoring.part_stats import PartStats

__all__ = ["JobSummary", "summary_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSummary:
    """What came of a job, or so far of all shards of one."""

    model_version: str
    """Such as "reviews@2"."""
    num_rows: int
    """Of the whole input."""
    stats: PartStats
    rejects: Path | None
    """Where the rows are that could not be scored; None if there are none, or if they are not joined yet."""


def summary_lines(summary: JobSummary) -> list[str]:
    """Return lines for people: rows, the mix of labels, how sure the model was, what was rejected."""
    stats, num_scored = summary.stats, summary.stats.num_scored
    lines = [f"{summary.model_version} scored {num_scored:,} of {summary.num_rows:,} rows"]
    if num_scored:
        mix = (f"{label} {num:,} ({num / num_scored:.1%})" for label, num in stats.labels.most_common())
        lines += [
            f"labels: {', '.join(mix)}",
            ", ".join(
                (
                    f"mean confidence {stats.confidence_sum / num_scored:.3f}",
                    f"unknown words {stats.unknown_ratio_sum / num_scored:.1%}",
                    f"truncated {stats.num_truncated / num_scored:.1%}",
                )
            ),
        ]
    if stats.num_rejects:
        where = f": {summary.rejects}" if summary.rejects else ""
        lines.append(f"rejected {stats.num_rejects:,} rows{where}")
    return lines
