"""Made-up web addresses and handles ("@someone") beside a text."""

import string
from random import Random

from training.augmentation.words import AddressParts

__all__ = ["HandleVariation", "WebAddressVariation"]

_CODE_CHARACTERS = string.ascii_letters + string.digits


class WebAddressVariation:
    """Puts a web address behind a text, or more rarely in front of it."""

    def __init__(self, parts: AddressParts) -> None:
        self._parts = parts

    def __call__(self, text: str, random: Random) -> str:
        """Return the text with an address that a space separates from it."""
        address = self._address(random)
        return f"{text} {address}" if random.random() < 0.75 else f"{address} {text}"

    def _address(self, random: Random) -> str:
        scheme = random.choice(("http://", "https://", "https://www.", "www.", ""))
        path = random.choice(
            ("", f"/{_code(random)}", f"/{random.choice(self._parts.paths)}/{_code(random)}")
        )
        return f"{scheme}{random.choice(self._parts.hosts)}.{random.choice(self._parts.endings)}{path}"


class HandleVariation:
    """Puts a handle in front of a text, or behind it."""

    def __init__(self, parts: AddressParts) -> None:
        self._handles = parts.handles

    def __call__(self, text: str, random: Random) -> str:
        """Return the text with a handle that a space separates from it."""
        joint, number = random.choice(("", "_")), random.choice(("", str(random.randrange(100))))
        handle = f"@{random.choice(self._handles)}{joint}{random.choice(self._handles)}{number}"
        return f"{text} {handle}" if random.random() < 0.5 else f"{handle} {text}"


def _code(random: Random) -> str:
    return "".join(random.choices(_CODE_CHARACTERS, k=random.randrange(5, 11)))
