import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_store import CorruptVersion, InvalidManifest, NewerSchema, Store, StoreUnavailable
from tests.model_store.drafts import small_draft
from tests.model_store.edits import edit_manifest
from tests.model_store.obstacles import flipped, forbidden
from tests.scale import scaled

pytestmark = pytest.mark.xdist_group("reader")

FILES = ["model.safetensors", "tokenizer.json", "golden.jsonl", "MODEL_CARD.md", "report/roc.png"]
OWN_FILES = ["manifest.json", "manifest.json.sha256"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with one version, which a test may damage only for as long as it runs."""
    store = Store(tmp_path_factory.mktemp("published"))
    store.publish(small_draft())
    return store


@pytest.fixture
def folder(store: Store, published: Store) -> Path:
    """The folder of a version that a test may damage."""
    shutil.copytree(published.root, store.root)
    return store.root / "reviews" / "1"


@pytest.mark.parametrize("name", FILES + OWN_FILES)
@pytest.mark.soak
@settings(max_examples=scaled(3000), deadline=None)
@given(place=st.integers(min_value=0), mask=st.integers(min_value=1, max_value=255))
def test_flipped_byte_is_refused_by_its_file(published: Store, name: str, place: int, mask: int) -> None:
    path = published.root / "reviews" / "1" / name
    with flipped(path, place, mask), pytest.raises(CorruptVersion) as refusal:
        published.verify("reviews", 1)
    # Of the manifest and its hash, either may be the damaged one, so the error names both.
    assert str(refusal.value).startswith(str(path.with_suffix("")) if name in OWN_FILES else f"{path}: ")
    assert path.name in str(refusal.value)
    published.verify("reviews", 1)


def test_version_from_before_there_were_probes_is_read(store: Store, folder: Path) -> None:
    edit_manifest(folder, lambda fields: fields.pop("probes"))
    assert store.verify("reviews", 1).probes == {}


@pytest.mark.parametrize("name", FILES + OWN_FILES)
def test_truncated_file_is_refused_by_its_name(store: Store, folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1])
    with pytest.raises(CorruptVersion, match=name):
        store.verify("reviews", 1)


@pytest.mark.parametrize("name", [*FILES, "report/pages/calibration.png", *OWN_FILES])
def test_file_with_more_bytes_is_refused_by_its_name(store: Store, folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b"\n")
    problem = "does not match its hash" if name in OWN_FILES else r": has \d+ bytes, but had \d+; restore"
    with pytest.raises(CorruptVersion, match=problem) as refusal:
        store.verify("reviews", 1)
    assert name in str(refusal.value)


@pytest.mark.parametrize("name", FILES + OWN_FILES)
def test_missing_file_is_refused_by_its_name(store: Store, folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CorruptVersion, match=r": is missing") as refusal:
        store.verify("reviews", 1)
    assert str(refusal.value).startswith(f"{folder / name}: ")


def test_missing_folder_is_refused_by_its_first_file(store: Store, folder: Path) -> None:
    shutil.rmtree(folder / "report")
    with pytest.raises(CorruptVersion, match=r"report/.*: is missing"):
        store.verify("reviews", 1)


@pytest.mark.parametrize("name", FILES + OWN_FILES)
def test_folder_in_place_of_a_file_is_refused_by_its_name(store: Store, folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(CorruptVersion, match=r": is a folder") as refusal:
        store.verify("reviews", 1)
    assert str(refusal.value).startswith(f"{folder / name}: ")


@pytest.mark.parametrize("name", ["extra", ".hidden", "report/extra.png", "model.safetensors.bak"])
def test_unlisted_file_is_refused_by_its_name(store: Store, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    with pytest.raises(CorruptVersion, match=r"is not listed in manifest\.json") as refusal:
        store.verify("reviews", 1)
    assert str(refusal.value).startswith(f"{folder / name}: ")


@pytest.mark.parametrize("name", [*FILES, "report", "extra"])
def test_symbolic_link_is_refused_though_it_leads_to_the_same(
    store: Store, folder: Path, tmp_path: Path, name: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    if (folder / name).exists():
        (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(CorruptVersion, match=r"is a link") as refusal:
        store.verify("reviews", 1)
    assert str(refusal.value).startswith(f"{folder / name}: ")


def test_link_to_a_version_is_no_version(store: Store, folder: Path) -> None:
    (folder.parent / "2").symlink_to(folder)
    with pytest.raises(CorruptVersion, match=r"/2: is a symbolic link"):
        store.manifest("reviews", 2)


@pytest.mark.parametrize("name", ["1", "3"])
def test_renamed_version_is_refused(store: Store, folder: Path, name: str) -> None:
    store.publish(small_draft())
    shutil.rmtree(folder)
    (folder.parent / "2").rename(folder.parent / name)
    with pytest.raises(CorruptVersion, match=rf"is that of reviews@2, not of reviews@{name}"):
        store.verify("reviews", int(name))


def test_version_under_another_model_is_refused(store: Store, folder: Path) -> None:
    shutil.copytree(folder, store.root / "hotels" / "1")
    with pytest.raises(CorruptVersion, match=r"is that of reviews@1, not of hotels@1"):
        store.manifest("hotels", 1)


def test_newer_schema_is_refused(store: Store, folder: Path) -> None:
    edit_manifest(folder, lambda fields: fields.update(schema_version=3, shards=["a", "b"]))
    with pytest.raises(NewerSchema, match=r"by sentiment-service 0\.1\.0 with schema version 3"):
        store.verify("reviews", 1)


def test_label_count_that_does_not_match_is_refused(store: Store, folder: Path) -> None:
    edit_manifest(folder, lambda fields: fields.update(labels=["bad", "fair", "good"]))
    with pytest.raises(InvalidManifest, match=r"manifest\.json: 3 labels do not match"):
        store.load("reviews@1")


def test_manifest_cannot_lead_out_of_the_version(store: Store, folder: Path) -> None:
    (folder.parent / "secret").write_bytes(b"")
    entry = {"sha256": "ab" * 32, "size_bytes": 0}
    edit_manifest(folder, lambda fields: fields["files"].update({"../secret": entry}))
    with pytest.raises(InvalidManifest, match=r"files\.\.\./secret"):
        store.verify("reviews", 1)


def test_folder_that_may_not_be_read_is_unavailable(store: Store, folder: Path) -> None:
    with (
        forbidden(folder),
        pytest.raises(StoreUnavailable, match=r"Permission denied: check the permissions"),
    ):
        store.verify("reviews", 1)
    store.verify("reviews", 1)
