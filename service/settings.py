"""Every setting of the service, as data: a variable `SENTIMENT_<NAME>` and a flag `--<name>` for each.

The command line, the checks, `docs/settings.md` and `.env.example` all come from the fields of `Settings`.
A secret has no flag, since every user of a machine can see the command lines of all processes.
"""

import argparse
import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sentiment import SentimentError
from sentiment.cpus import available_cpus

__all__ = [
    "PREFIX",
    "DialectName",
    "InvalidSetting",
    "Origin",
    "Setting",
    "Settings",
    "UnknownVariable",
    "origin",
    "read_settings",
    "setting_list",
    "setting_parser",
    "settings_of",
    "unknown_variables",
]

PREFIX = "SENTIMENT_"

Origin = Literal["default", "environment", "file", "option"]
"""Where a value comes from; "file" is one that a setting names."""

DialectName = Literal["comprehend", "huggingface", "classify", "oip"]

_SERVICE_LINK = re.compile(r"(tcp|udp|sctp)://")
_SERVICE_LINK_HINT = (
    "Kubernetes sets it so for a Service called sentiment; "
    "set enableServiceLinks: false in the pod, rename the Service, or give --port"
)


class InvalidSetting(SentimentError):
    """A setting has a value that cannot work; the text names its variable and what is allowed."""


class Settings(BaseSettings):
    """The settings of one service. Values given by name win over the environment, then come defaults."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(default=8000, ge=0, le=65_535, description="TCP port to listen on; 0 takes a free one.")
    root_path: str | None = Field(
        default=None,
        pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$",
        description="Prefix under which a proxy serves it; paths are taken with the prefix and without it.",
        json_schema_extra={
            "computed_default": "none: it has a host of its own",
            "allowed": "a path such as /sentiment, without a slash at its end",
        },
    )
    model_store: str | None = Field(
        default=None,
        min_length=1,
        description="Folder of the model store.",
        json_schema_extra={"computed_default": "the released store that ships with this software"},
    )
    model: str = Field(
        default="reviews@production",
        min_length=1,
        description="Model to serve: `name`, `name@alias` or `name@version`.",
    )
    follow_seconds: int = Field(
        default=2,
        ge=0,
        le=3600,
        description="How often to look whether the alias has moved; 0 stays with the version of the start.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="Where the network runs; `auto` takes a GPU where there is one."
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="How products of states are rounded on a CPU; `bfloat16` is faster, and needs AMX.",
    )
    api_keys_file: str | None = Field(
        default=None,
        min_length=1,
        description="File with the keys that clients must send, one per line; `#` begins a comment line.",
        json_schema_extra={"computed_default": "none: everyone who can reach the service may use it"},
    )
    api_keys: SecretStr | None = Field(
        default=None,
        description="The keys themselves, separated by commas; a file is safer, since it can be protected.",
        json_schema_extra={"computed_default": "none"},
    )
    admin_keys_file: str | None = Field(
        default=None,
        min_length=1,
        description="File with the keys that open `/admin`, one per line; `#` begins a comment line.",
        json_schema_extra={"computed_default": "none: there are no admin routes"},
    )
    admin_keys: SecretStr | None = Field(
        default=None,
        description="The admin keys themselves, separated by commas; a file is safer.",
        json_schema_extra={"computed_default": "none"},
    )
    lanes: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Lanes: worker threads, each of which scores one batch at a time.",
        json_schema_extra={"computed_default": "the CPUs that the process may use, or 1 on a GPU"},
    )
    lane_threads: int = Field(
        default=1, ge=1, le=1024, description="CPU threads that each lane computes its batch with."
    )
    lane_stall_seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="How long one run of the model may take before `/healthz` says that the lane is stuck.",
    )
    max_connections: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="Maximum number of connections; one more closes the one that is idle longest.",
    )
    max_header_bytes: int = Field(
        default=16 * 1024,
        ge=1024,
        le=1024**2,
        description="Largest head of a request: its first line and its headers together.",
    )
    max_body_bytes: int = Field(
        default=2 * 1024 * 1024,
        ge=1024,
        le=1024**3,
        description="Largest request body, or line of a stream; the default is 8 KiB for each of 256.",
    )
    max_reviews_per_request: int = Field(
        default=256, ge=1, le=100_000, description="Maximum reviews in one request."
    )
    max_review_characters: int = Field(
        default=100_000, ge=1, le=10_000_000, description="Longest review that is accepted."
    )
    max_batch_tokens: int = Field(
        default=8192,
        ge=1,
        le=1_048_576,
        description="Maximum tokens in a batch, padding included; a longer review has its own batch.",
    )
    max_queue_tokens: int = Field(
        default=1_048_576,
        ge=1,
        le=1_073_741_824,
        description="Maximum tokens that may wait; more is refused as overloaded.",
    )
    max_explain_forwards: int = Field(
        default=512,
        ge=1,
        le=100_000,
        description="Maximum inputs that are scored to explain one review; parts beyond it have no figures.",
    )
    request_timeout_ms: int = Field(
        default=30_000,
        ge=1,
        le=3_600_000,
        description="Deadline of a request, or line of a stream, that names none in `X-Request-Timeout-Ms`.",
    )
    client_timeout_seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="How long a client may take to send a head, a body, and to read, or let a stream rest.",
    )
    keep_alive_seconds: int = Field(
        default=75,
        ge=1,
        le=3600,
        description="How long an idle connection stays open; let it exceed that of a load balancer.",
    )
    drain_seconds: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="How long a stopping service may take to answer what it has accepted.",
    )
    grafana_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s\"'<>]+$",
        description="Where a browser finds the Grafana with this service's dashboard, for links on the page.",
        json_schema_extra={
            "computed_default": "none: the page has no such link",
            "allowed": "an address that begins with http:// or https://",
        },
    )
    capture_folder: str | None = Field(
        default=None,
        min_length=1,
        description="Folder in which reviews that clients sent are kept, to label them and to train on them.",
        json_schema_extra={"computed_default": "none: no review is ever written to a disk"},
    )
    capture_percent: int = Field(
        default=1, ge=0, le=100, description="How many percent of the reviews are kept, by chance."
    )
    capture_below_confidence: float = Field(
        default=1.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Only reviews whose confidence is lower are kept; 1 is all.",
    )
    capture_max_mib: int = Field(
        default=1024, ge=1, le=1_048_576, description="Size of that folder; the oldest reviews are removed."
    )
    capture_max_days: int = Field(
        default=30, ge=1, le=3650, description="How long a review is kept, at most."
    )
    dialects: Annotated[tuple[DialectName, ...], NoDecode] = Field(
        default=(),
        description="APIs of other services that are answered too, separated by commas: docs/dialects.md.",
        json_schema_extra={"computed_default": "none"},
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest severity of the log lines that are written."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _take_choices_in_any_case(cls, value: object, info: ValidationInfo) -> object:
        annotation = cls.model_fields[str(info.field_name)].annotation
        return (
            value.strip().lower() if isinstance(value, str) and get_origin(annotation) is Literal else value
        )

    @field_validator("dialects", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(dict.fromkeys(name.strip().lower() for name in value.split(",")))

    @field_validator("host")
    @classmethod
    def _take_brackets_from_ipv6(cls, host: str) -> str:
        """Take an address as it stands in a URL."""
        return host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host

    def num_lanes(self, device: str) -> int:
        """Return how many lanes to run on this device; one keeps a GPU busy."""
        if self.lanes is not None:
            return self.lanes
        return available_cpus() if device == "cpu" else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What people need to know of one setting."""

    name: str
    """The name of the field, such as "max_body_bytes"."""
    default: str
    default_is_computed: bool
    """Whether `default` is a description, not a value."""
    allowed: str
    description: str
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str | None:
        """The flag of the command line; a secret has none."""
        return None if self.is_secret else "--" + self.name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class UnknownVariable:
    """A variable with our prefix that is not a setting; perhaps a misspelling."""

    name: str
    nearest: str | None


def setting_list() -> list[Setting]:
    """Return all settings in the order of the documentation."""
    return [
        Setting(
            name=name,
            default=_computed_default(field) or str(field.default),
            default_is_computed=_computed_default(field) is not None,
            allowed=_allowed(field),
            description=field.description or "",
            is_secret=_is_secret(field),
        )
        for name, field in Settings.model_fields.items()
    ]


def read_settings(arguments: Sequence[str]) -> Settings:
    """Return the settings that the command line and the environment give.

    Raises InvalidSetting, naming the variable; SystemExit after `--help` and for an unknown flag.
    """
    parser = setting_parser("sentiment-serve", "Serve a sentiment model over HTTP.")
    return settings_of(vars(parser.parse_args(arguments)))


def settings_of(options: Mapping[str, Any]) -> Settings:
    """Return the settings that options, None where one is not given, and the environment give.

    Raises InvalidSetting, naming the variable.
    """
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        raise InvalidSetting(_explain(error)) from error


def origin(
    setting: "Setting", options: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> Origin:
    """Return where the value of a setting comes from, as `settings_of` takes it."""
    if options.get(setting.name) is not None:
        return "option"
    given = {name.upper() for name, value in environment.items() if value}
    return "environment" if setting.variable in given else "default"


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[UnknownVariable]:
    """Return the variables with our prefix that are not settings, each with the setting most like it."""
    known = [setting.name.upper() for setting in setting_list()]
    given = sorted(name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX))
    return [_unknown(name, known) for name in given if name not in known]


def setting_parser(prog: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with a flag for each setting that is no secret; it says None where one is not given."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog="A flag wins over its environment variable. Secrets have no flag: see docs/settings.md.",
        allow_abbrev=False,
    )
    for setting in setting_list():
        if setting.flag is None:
            continue
        parser.add_argument(
            setting.flag,
            dest=setting.name,
            metavar="VALUE",
            help=f"{setting.description} Must be {setting.allowed}; the default is {setting.default}. "
            f"[{setting.variable}]",
        )
    return parser


def _unknown(name: str, known: Sequence[str]) -> UnknownVariable:
    nearest = difflib.get_close_matches(name, known, n=1)
    return UnknownVariable(PREFIX + name, PREFIX + nearest[0] if nearest else None)


def _explain(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    name = str(problem["loc"][0])
    field = Settings.model_fields[name]
    if _is_secret(field):
        return f"{PREFIX}{name.upper()}: must be {_allowed(field)}"
    text = f"{PREFIX}{name.upper()}: must be {_allowed(field)}, not {str(problem['input'])!r:.100}"
    if name == "port" and _SERVICE_LINK.match(str(problem["input"])):
        return f"{text}: {_SERVICE_LINK_HINT}"
    return text


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in get_args(field.annotation)


def _computed_default(field: FieldInfo) -> str | None:
    extra = field.json_schema_extra
    return str(extra["computed_default"]) if isinstance(extra, dict) and "computed_default" in extra else None


def _allowed(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "allowed" in extra:
        return str(extra["allowed"])
    if get_origin(annotation) is tuple:
        *others, last = get_args(get_args(annotation)[0])
        return f"any of {', '.join(others)} and {last}, separated by commas"
    if get_origin(annotation) is Literal:
        *others, last = get_args(annotation)
        return f"{', '.join(others)} or {last}"
    is_number = annotation is float
    if not is_number and int not in (annotation, *get_args(annotation)):
        return "a text that is not empty"
    lowest = next(rule.ge for rule in field.metadata if isinstance(rule, Ge))
    highest = next(rule.le for rule in field.metadata if isinstance(rule, Le))
    return f"{'a number' if is_number else 'an integer'} from {lowest} to {highest}"
