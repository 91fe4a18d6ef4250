"""Tensors of the Open Inference Protocol: as JSON, or as bytes behind the JSON."""

import struct
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, Literal

from service.errors import FieldError, InvalidRequest

__all__ = ["Datatype", "check_size", "decode_texts", "encode_doubles", "encode_texts", "flatten"]

Datatype = Literal["BYTES", "FP64"]

_LENGTH = struct.Struct("<I")


def encode_texts(texts: Sequence[str]) -> bytes:
    """Return a tensor of type BYTES: for each text its length in 4 bytes, then its UTF-8."""
    parts = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def encode_doubles(numbers: Sequence[float]) -> bytes:
    """Return a tensor of type FP64: 8 bytes for each number, little-endian."""
    return struct.pack(f"<{len(numbers)}d", *numbers)


def decode_texts(content: bytes, *, location: str) -> list[str]:
    """Return the texts of a tensor of type BYTES; raises InvalidRequest, which names the location."""
    texts, offset = [], 0
    while offset < len(content):
        start = offset + _LENGTH.size
        if start > len(content):
            raise _wrong(location, "ends in the middle of a length")
        offset = start + _LENGTH.unpack_from(content, offset)[0]
        if offset > len(content):
            raise _wrong(location, "ends in the middle of a text")
        try:
            texts.append(content[start:offset].decode())
        except UnicodeDecodeError:
            raise _wrong(f"{location}[{len(texts)}]", "is not UTF-8") from None
    return texts


def flatten(data: Sequence[Any]) -> Iterator[Any]:
    """Yield the elements of nested lists in order; JSON has at most 200 levels here."""
    for each in data:
        if isinstance(each, list):
            yield from flatten(each)
        else:
            yield each


def check_size(shape: Sequence[int], num_elements: int, *, location: str) -> None:
    """Raise InvalidRequest unless a shape has this many elements."""
    if prod(shape) != num_elements:
        raise _wrong(location, f"does not fit the data, which has {num_elements} elements")


def _wrong(location: str, found: str) -> InvalidRequest:
    return InvalidRequest("The tensor is not valid; see errors.", errors=[FieldError(location, found)])
