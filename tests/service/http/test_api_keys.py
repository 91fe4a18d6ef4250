import json
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.http.api_keys import ApiKeys, read_api_keys
from service.settings import InvalidSetting, Settings
from tests.service.running import process

KEY = "one-key-of-many_0"
OTHER = "Another.key~of+mine/1234=="
NO_KEY = "too short! "


def keys_file(folder: Path, text: str, *, mode: int = 0o600) -> str:
    """Write a file of keys, and return its path."""
    path = folder / "keys"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_only_a_whole_key_is_accepted() -> None:
    keys = ApiKeys([KEY, OTHER, KEY])
    assert len(keys) == 2
    assert keys.accept(KEY)
    assert keys.accept(OTHER)
    for wrong in ("", KEY[:-1], KEY + "0", KEY.upper(), f"{KEY},{OTHER}", f" {KEY}", "é" * 20):
        assert not keys.accept(wrong)


def test_no_key_is_kept() -> None:
    keys = ApiKeys([KEY])
    assert KEY not in repr(vars(keys))


def test_the_file_may_have_comments_and_empty_lines(tmp_path: Path) -> None:
    path = keys_file(tmp_path, f"# the shop's\n{KEY}\n\n  {OTHER}  \r\n")
    keys = read_api_keys(Settings(api_keys_file=path))
    assert len(keys) == 2
    assert keys.accept(KEY)
    assert keys.accept(OTHER)


def test_the_keys_of_the_file_and_of_the_variable_add_up(tmp_path: Path) -> None:
    settings = Settings(api_keys_file=keys_file(tmp_path, KEY), api_keys=SecretStr(f"{OTHER}, {'x' * 16}"))
    keys = read_api_keys(settings)
    assert len(keys) == 3
    assert keys.accept("x" * 16)


def test_without_a_setting_there_is_none() -> None:
    assert len(read_api_keys(Settings())) == 0


@pytest.mark.parametrize("wrong", [NO_KEY, "fifteen-letters", "spaces in the key!", "é" * 16, "x" * 513, "="])
def test_an_invalid_key_is_refused_by_its_line_and_not_quoted(tmp_path: Path, wrong: str) -> None:
    path = keys_file(tmp_path, f"# keys\n{KEY}\n{wrong}\n")
    with pytest.raises(InvalidSetting) as refused:
        read_api_keys(Settings(api_keys_file=path))
    assert str(refused.value) == (
        f"SENTIMENT_API_KEYS_FILE: line 3 of {path} is not a key: "
        "a key is 16 to 512 letters, digits or any of . _ ~ + / -"
    )


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_a_file_without_a_key_does_not_open_the_service(tmp_path: Path, text: str) -> None:
    path = keys_file(tmp_path, text)
    with pytest.raises(InvalidSetting, match=r"^SENTIMENT_API_KEYS_FILE: there is no key in .*unset"):
        read_api_keys(Settings(api_keys_file=path))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"^SENTIMENT_API_KEYS_FILE: cannot read .*: no such file"):
        read_api_keys(Settings(api_keys_file=str(tmp_path / "none")))
    with pytest.raises(InvalidSetting, match=r"^SENTIMENT_API_KEYS_FILE: cannot read .*: is a directory$"):
        read_api_keys(Settings(api_keys_file=str(tmp_path)))


@pytest.mark.parametrize(("mode", "num_warnings"), [(0o600, 0), (0o640, 0), (0o644, 1)])
def test_a_file_that_everyone_can_read_gives_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, num_warnings: int
) -> None:
    read_api_keys(Settings(api_keys_file=keys_file(tmp_path, KEY, mode=mode)))
    warnings = [each for each in caplog.records if each.msg == "api_keys_file_readable_by_all"]
    assert [each.levelno for each in warnings] == [logging.WARNING] * num_warnings


def test_a_wrong_key_is_one_line_and_status_2(tiny_store: Path, tmp_path: Path) -> None:
    environment = {"SENTIMENT_API_KEYS": f"{KEY},{NO_KEY}"}
    flags = ("--model-store", str(tiny_store))
    with process(tmp_path, *flags, environment=environment) as running:
        assert running.wait() == 2
        assert running.errors() == (
            "error: SENTIMENT_API_KEYS: part 2 is not a key: "
            "a key is 16 to 512 letters, digits or any of . _ ~ + / -\n"
        )
        assert NO_KEY.strip() not in json.dumps(running.log())
