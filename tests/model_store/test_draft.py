from dataclasses import replace
from hashlib import sha256

import pytest

from model_store import Draft, InvalidDraft
from model_store.manifest import REQUIRED_FILES
from tests.model_store.drafts import with_files

MOMENT = "2025-01-31T12:00:00Z"


def test_manifest_takes_every_field(draft: Draft) -> None:
    manifest = draft.manifest(version=7, created_at=MOMENT)
    assert (manifest.version, manifest.created_at) == (7, MOMENT)
    names = set(Draft.__dataclass_fields__) - {"payload"}
    assert {name: getattr(manifest, name) for name in names} == {name: getattr(draft, name) for name in names}


def test_manifest_describes_every_file(draft: Draft) -> None:
    files = draft.manifest(version=1, created_at=MOMENT).files
    assert files.keys() == draft.payload.keys()
    assert files["tokenizer.json"].size_bytes == 2
    assert files["tokenizer.json"].sha256 == sha256(b"{}").hexdigest()


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/hosts", "../escape", "report/../../escape", "report/", "report//roc.png", "./roc.png",
        ".hidden", "report\\roc.png", "C:\\roc.png", "report/.hidden", "a space", "line\nbreak", "roc.png\n",
    ],
)  # fmt: skip
def test_path_outside_the_version_is_refused(draft: Draft, path: str) -> None:
    with pytest.raises(InvalidDraft, match=r"use a relative path") as refusal:
        with_files(draft, **{path: b""}).manifest(version=1, created_at=MOMENT)
    assert repr(path) in str(refusal.value)


@pytest.mark.parametrize("path", ["manifest.json", "manifest.json.sha256"])
def test_file_that_the_store_writes_is_refused(draft: Draft, path: str) -> None:
    with pytest.raises(InvalidDraft, match=path):
        with_files(draft, **{path: b""}).manifest(version=1, created_at=MOMENT)


def test_file_cannot_be_a_folder_too(draft: Draft) -> None:
    with pytest.raises(InvalidDraft, match=r"'report/roc\.png' is a file"):
        with_files(draft, **{"report/roc.png/left.png": b""}).manifest(version=1, created_at=MOMENT)


@pytest.mark.parametrize("path", REQUIRED_FILES)
def test_required_file_must_be_there(draft: Draft, path: str) -> None:
    rest = {name: content for name, content in draft.payload.items() if name != path}
    with pytest.raises(InvalidDraft, match=rf"'reviews' cannot be published: its payload lacks {path}"):
        replace(draft, payload=rest).manifest(version=1, created_at=MOMENT)


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("temperature", {"temperature": -1.0}),
        ("NaN|Out of range", {"temperature": float("nan")}),
        ("labels", {"labels": ("a", "b", "c")}),
        ("recipe|float", {"recipe": {"rate": float("inf")}}),
        ("libraries", {"libraries": {"": "1"}}),
    ],
)
def test_field_that_no_reader_would_accept_is_refused(
    draft: Draft, field: str, bad: dict[str, object]
) -> None:
    with pytest.raises(InvalidDraft, match=rf"^a draft of 'reviews' cannot be published: .*({field})"):
        replace(draft, **bad).manifest(version=1, created_at=MOMENT)  # type: ignore[arg-type]  # wrong on purpose
