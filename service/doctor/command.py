"""`python -m service doctor`: settings in, a report and an exit status out."""

import sys
from collections.abc import Sequence

from service.settings import InvalidSetting, setting_parser, settings_of

__all__ = ["examine"]


def examine(arguments: Sequence[str]) -> int:
    """Print the report; return 0 if the service would work, 1 if a check failed, 2 for a wrong setting."""
    parser = setting_parser(
        "sentiment-serve doctor", "Check whether the service would work here with these settings."
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    options = vars(parser.parse_args(arguments))
    wants_json = options.pop("json")
    try:
        settings = settings_of(options)
    except InvalidSetting as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # The web framework and what reads models, which `--help` does without.
    from service.doctor import checks, report  # noqa: PLC0415
    from service.doctor.finding import Level  # noqa: PLC0415

    found = list(checks.findings(settings))
    values = report.setting_values(settings, options)
    if wants_json:
        print(report.as_json(found, values))
    else:
        print("\n".join(report.as_text(found, values)))
    return 1 if any(finding.level == Level.FAILED for finding in found) else 0
