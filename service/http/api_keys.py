"""The API keys of the service. Only their digests are kept, and no message quotes a key."""

import logging
import re
import stat
from collections.abc import Iterable, Iterator
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

from pydantic import SecretStr

from service.settings import PREFIX, InvalidSetting, Settings
from service.telemetry.logs import log_event

__all__ = ["ApiKeys", "read_admin_keys", "read_api_keys"]

# What a bearer token may be made of (RFC 6750), and long enough not to be guessed.
_KEY = re.compile(r"[A-Za-z0-9._~+/-]{16,512}=*")
_RULE = "a key is 16 to 512 letters, digits or any of . _ ~ + / -"


class ApiKeys:
    """A set of keys; with none, every request is allowed."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = tuple({_digest(key) for key in keys})

    def __len__(self) -> int:
        return len(self._digests)

    def accept(self, given: str) -> bool:
        """Return whether a key is one of them, in a time that does not depend on which one it is, if any."""
        digest = _digest(given)
        return sum(compare_digest(digest, known) for known in self._digests) > 0


def read_api_keys(settings: Settings) -> ApiKeys:
    """Return the clients' keys, of the file and of the variable together; raises InvalidSetting."""
    return _read_keys("API_KEYS", settings.api_keys_file, settings.api_keys)


def read_admin_keys(settings: Settings) -> ApiKeys:
    """Return the keys that open `/admin`, read as those of clients; raises InvalidSetting."""
    return _read_keys("ADMIN_KEYS", settings.admin_keys_file, settings.admin_keys)


def _read_keys(name: str, file: str | None, text: SecretStr | None) -> ApiKeys:
    keys: list[str] = []
    if file is not None:
        keys += _from_file(f"{PREFIX}{name}_FILE", Path(file))
    if text is not None:
        keys += _from_text(f"{PREFIX}{name}", text.get_secret_value())
    return ApiKeys(keys)


def _from_file(variable: str, path: Path) -> Iterator[str]:
    try:
        mode, lines = path.stat().st_mode, path.read_text("latin-1").splitlines()
    except OSError as error:
        raise InvalidSetting(f"{variable}: cannot read {path}: {(error.strerror or '').lower()}") from error
    if mode & stat.S_IROTH:
        log_event("api_keys_file_readable_by_all", level=logging.WARNING, path=str(path))
    numbered = [(number, line.strip()) for number, line in enumerate(lines, start=1)]
    keys = [(number, line) for number, line in numbered if line and not line.startswith("#")]
    if not keys:
        raise InvalidSetting(
            f"{variable}: there is no key in {path}; write one per line, or unset the variable"
        )
    for number, key in keys:
        yield _checked(key, f"{variable}: line {number} of {path}")


def _from_text(variable: str, text: str) -> Iterator[str]:
    for number, key in enumerate(text.split(","), start=1):
        yield _checked(key.strip(), f"{variable}: part {number}")


def _checked(key: str, source: str) -> str:
    if not _KEY.fullmatch(key):
        raise InvalidSetting(f"{source} is not a key: {_RULE}")
    return key


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
