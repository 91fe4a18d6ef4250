import os
import subprocess
import sys
from typing import Literal, get_args, get_origin

import pytest

from sentiment.cpus import available_cpus
from service.settings import (
    PREFIX,
    InvalidSetting,
    Settings,
    UnknownVariable,
    read_settings,
    setting_list,
    unknown_variables,
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def test_defaults() -> None:
    settings = read_settings([])
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert (settings.num_lanes("cpu"), settings.num_lanes("cuda")) == (available_cpus(), 1)


def test_a_flag_of_each_setting() -> None:
    values = {
        "host": "::1",
        "port": "0",
        "root_path": "/sentiment",
        "model_store": "store",
        "model": "reviews@2",
        "follow_seconds": "15",
        "device": "cpu",
        "precision": "bfloat16",
        "api_keys_file": "keys",
        "admin_keys_file": "admins",
        "lanes": "3",
        "lane_threads": "2",
        "lane_stall_seconds": "10",
        "max_connections": "13",
        "max_header_bytes": "1025",
        "max_body_bytes": "2048",
        "max_reviews_per_request": "5",
        "max_review_characters": "6",
        "max_batch_tokens": "7",
        "max_queue_tokens": "11",
        "max_explain_forwards": "16",
        "request_timeout_ms": "12",
        "client_timeout_seconds": "14",
        "keep_alive_seconds": "8",
        "drain_seconds": "9",
        "grafana_url": "https://grafana.example/g",
        "capture_folder": "captured",
        "capture_percent": "21",
        "capture_below_confidence": "0.5",
        "capture_max_mib": "22",
        "capture_max_days": "23",
        "dialects": "oip,comprehend",
        "log_level": "error",
    }
    open_settings = [setting for setting in setting_list() if not setting.is_secret]
    flags = [part for setting in open_settings for part in (setting.flag or "", values[setting.name])]
    settings = read_settings(flags)
    given = settings.model_dump(exclude={setting.name for setting in setting_list() if setting.is_secret})
    written = {
        name: ",".join(value) if isinstance(value, tuple) else str(value) for name, value in given.items()
    }
    assert written == values


def test_a_secret_has_a_variable_and_no_flag(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [setting.variable for setting in setting_list() if setting.is_secret] == [
        "SENTIMENT_API_KEYS",
        "SENTIMENT_ADMIN_KEYS",
    ]
    with pytest.raises(SystemExit) as ended:
        read_settings(["--api-keys", "a" * 16])
    assert ended.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err
    monkeypatch.setenv("SENTIMENT_API_KEYS", "a" * 16)
    settings = read_settings([])
    assert settings.api_keys is not None
    assert settings.api_keys.get_secret_value() == "a" * 16
    assert "a" * 16 not in repr(settings)


@pytest.mark.parametrize("setting", setting_list(), ids=lambda setting: setting.name)
def test_each_setting_is_described(setting: object) -> None:
    fields = Settings.model_fields
    described = next(each for each in setting_list() if each == setting)
    assert described.description.endswith(".")
    assert described.name in fields
    assert described.allowed


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--port", "65536"], "SENTIMENT_PORT: must be an integer from 0 to 65535, not '65536'"),
        (["--lanes", "many"], "SENTIMENT_LANES: must be an integer from 1 to 1024, not 'many'"),
        (["--device", "tpu"], "SENTIMENT_DEVICE: must be auto, cpu or cuda, not 'tpu'"),
        (
            ["--dialects", "oip,aws"],
            (
                "SENTIMENT_DIALECTS: must be any of comprehend, huggingface, classify and oip, "
                "separated by commas, not 'aws'"
            ),
        ),
        (["--model", ""], "SENTIMENT_MODEL: must be a text that is not empty, not ''"),
        (["--root-path", "/a/"], "SENTIMENT_ROOT_PATH: must be a path such as /sentiment, .*, not '/a/'"),
        (
            ["--grafana-url", "javascript:x"],
            "SENTIMENT_GRAFANA_URL: must be an address that begins with http://",
        ),
    ],
)
def test_wrong_flags(flags: list[str], message: str) -> None:
    with pytest.raises(InvalidSetting, match=message):
        read_settings(flags)


def test_a_wrong_variable_is_one_line_and_status_2() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "service"],
        env=os.environ | {"SENTIMENT_PORT": "eighty"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr == ("error: SENTIMENT_PORT: must be an integer from 0 to 65535, not 'eighty'\n")
    assert result.stdout == ""


@pytest.mark.parametrize("protocol", ["tcp", "udp", "sctp"])
def test_a_port_that_kubernetes_has_set_is_named_so(monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    monkeypatch.setenv("SENTIMENT_PORT", f"{protocol}://10.0.0.1:80")
    with pytest.raises(
        InvalidSetting, match=r"^SENTIMENT_PORT: .*, not '.*': Kubernetes .*enableServiceLinks"
    ):
        read_settings([])
    assert read_settings(["--port", "8000"]).port == 8000


def test_no_other_wrong_port_blames_kubernetes() -> None:
    for wrong in ("http://10.0.0.1:80", "10.0.0.1:80", "80/tcp"):
        with pytest.raises(InvalidSetting) as refused:
            read_settings(["--port", wrong])
        assert "Kubernetes" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("[::1]", "::1"),
        ("[::]", "::"),
        ("[fe80::1%eth0]", "fe80::1%eth0"),
        ("::1", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("[localhost]", "[localhost]"),
    ],
)
def test_an_ipv6_address_may_stand_in_brackets(
    monkeypatch: pytest.MonkeyPatch, given: str, host: str
) -> None:
    monkeypatch.setenv("SENTIMENT_HOST", given)
    assert read_settings([]).host == host
    assert read_settings(["--host", given]).host == host


CHOICES = [
    (name, word)
    for name, field in Settings.model_fields.items()
    if get_origin(field.annotation) is Literal
    for word in get_args(field.annotation)
]


@pytest.mark.parametrize(("name", "word"), CHOICES)
def test_a_choice_may_be_written_in_any_case(monkeypatch: pytest.MonkeyPatch, name: str, word: str) -> None:
    for spelling in (word.upper(), word.title(), f" {word}\r"):
        monkeypatch.setenv(PREFIX + name.upper(), spelling)
        assert getattr(read_settings([]), name) == word
        assert getattr(read_settings([f"--{name.replace('_', '-')}", spelling]), name) == word


@pytest.mark.parametrize("given", ["oip, Comprehend", " OIP,comprehend,oip"])
def test_names_of_dialects(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("SENTIMENT_DIALECTS", given)
    assert read_settings([]).dialects == ("oip", "comprehend")
    assert read_settings(["--dialects", given]).dialects == ("oip", "comprehend")


def test_help_shows_all(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    with pytest.raises(SystemExit) as ended:
        read_settings(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for setting in setting_list():
        if setting.is_secret:
            assert f"[{setting.variable}]" not in text
            continue
        assert f"{setting.flag} " in text
        assert f"[{setting.variable}]" in text
        assert setting.description in text


def test_an_unknown_flag_is_status_2() -> None:
    with pytest.raises(SystemExit) as ended:
        read_settings(["--prot", "1"])
    assert ended.value.code == 2


def test_a_flag_wins_over_a_variable_and_an_empty_variable_is_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SENTIMENT_PORT", "8001")
    monkeypatch.setenv("SENTIMENT_DRAIN_SECONDS", "5")
    monkeypatch.setenv("SENTIMENT_LANES", "")
    settings = read_settings(["--port", "8002"])
    assert (settings.port, settings.drain_seconds, settings.lanes) == (8002, 5, None)


def test_unknown_variables_name_the_nearest() -> None:
    environment = {"SENTIMENT_PROT": "1", "SENTIMENT_QQQ": "1", "SENTIMENT_PORT": "1", "OTHER": "1"}
    assert unknown_variables(environment) == [
        UnknownVariable("SENTIMENT_PROT", "SENTIMENT_PORT"),
        UnknownVariable("SENTIMENT_QQQ", None),
    ]
