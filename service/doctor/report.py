"""The report: for people, or as JSON for programs."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from service.doctor.finding import Finding, Level
from service.settings import Origin, Setting, Settings, origin, setting_list

__all__ = ["SettingValue", "as_json", "as_text", "setting_values"]

WIDTH = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingValue:
    """A setting with the value that holds."""

    variable: str
    value: str
    origin: Origin


def setting_values(settings: Settings, options: Mapping[str, Any]) -> list[SettingValue]:
    """Return all settings; a secret says only whether it is set."""
    return [
        SettingValue(
            variable=setting.variable,
            value=_value(settings, setting),
            origin=_origin(settings, setting, options),
        )
        for setting in setting_list()
    ]


def as_text(findings: Sequence[Finding], settings: Sequence[SettingValue]) -> Iterator[str]:
    """Yield the lines of the report."""
    for finding in findings:
        first, *others = textwrap.wrap(finding.text, WIDTH - 20, break_long_words=False) or [""]
        yield f"{finding.check:<11}{finding.level:<9}{first}"
        yield from (f"{'':20}{line}" for line in others)
    yield ""
    width = max(len(each.variable) for each in settings) + 2
    for each in settings:
        yield f"{each.variable:<{width}}{each.origin:<13}{each.value}"


def as_json(findings: Sequence[Finding], settings: Sequence[SettingValue]) -> str:
    """Return the report as one JSON object."""
    levels = {finding.level for finding in findings}
    worst = next(level for level in (Level.FAILED, Level.WARNING, Level.OK) if level in levels)
    content = {
        "status": worst,
        "checks": [asdict(finding) for finding in findings],
        "settings": [asdict(each) for each in settings],
    }
    return json.dumps(content, indent=2)


def _value(settings: Settings, setting: Setting) -> str:
    value = getattr(settings, setting.name)
    if setting.is_secret:
        return "set" if value is not None else _file_of(settings, setting) or "none"
    if setting.name == "lanes" and value is None:
        return f"{settings.num_lanes('cpu')}: {setting.default}"
    return setting.default if value is None and setting.default_is_computed else str(value)


def _origin(settings: Settings, setting: Setting, options: Mapping[str, Any]) -> Origin:
    found = origin(setting, options)
    return "file" if found == "default" and setting.is_secret and _file_of(settings, setting) else found


def _file_of(settings: Settings, secret: Setting) -> str | None:
    """Return the file that holds a secret: that of the setting with the same name and FILE at its end."""
    file: str | None = getattr(settings, f"{secret.name}_file")
    return file
