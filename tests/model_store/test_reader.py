import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_store import CorruptVersion, InvalidManifest, NewerSchema, Store, StoreUnavailable
from model_store.manifest import SCHEMA_VERSION
from tests.model_store.drafts import small_draft
from tests.model_store.edits import edit_manifest
from tests.model_store.faults import flipped, forbidden
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
@given(index=st.integers(min_value=0), mask=st.integers(min_value=1, max_value=255))
def test_flipped_byte_is_refused_by_its_file(published: Store, name: str, index: int, mask: int) -> None:
    path = published.root / "reviews" / "1" / name
    with flipped(path, index, mask), pytest.raises(CorruptVersion) as refusal:
        published.verify("reviews", 1)
    # Either the manifest or its hash may be the damaged one, so the error names both.
    assert str(refusal.value).startswith(str(path.with_suffix("")) if name in OWN_FILES else f"{path}: ")
    assert path.name in str(refusal.value)
    published.verify("reviews", 1)


def test_one_file_is_read_and_checked(store: Store, folder: Path) -> None:
    manifest = store.manifest("reviews", 1)
    path = folder / "report/roc.png"
    assert store.read_file(manifest, "report/roc.png") == path.read_bytes()
    with pytest.raises(KeyError):
        store.read_file(manifest, "../1/report/roc.png")
    path.write_bytes(path.read_bytes()[::-1] + b"x")
    with pytest.raises(CorruptVersion, match=r"roc\.png"):
        store.read_file(manifest, "report/roc.png")
    path.unlink()
    with pytest.raises(CorruptVersion, match=r"roc\.png: is missing"):
        store.read_file(manifest, "report/roc.png")


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


@pytest.mark.parametrize(
    "name",
    [
        *(".DS_Store", "report/._roc.png", "Icon\r", ".localized", "Thumbs.db", "thumbs.db", "Desktop.ini"),
        *("report/roc.png:Zone.Identifier", ".directory", "~$card.docx", ".~lock.MODEL_CARD.md#"),
        *(".nfs0000000000a1b2c300000001", ".fuse_hidden0000001200000001", ".smbdeleteAAA1234"),
    ],
)
def test_file_that_a_file_browser_left_is_ignored(store: Store, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"anything")
    assert store.verify("reviews", 1) == store.manifest("reviews", 1)
    assert store.leftovers("reviews", 1) == [name]


@pytest.mark.parametrize(
    "name", ["lost+found", "report/@eaDir", "__MACOSX", ".Trash-1000", "$RECYCLE.BIN", ".snapshot"]
)
def test_folder_that_a_file_system_left_is_ignored_with_all_in_it(
    store: Store, folder: Path, name: str
) -> None:
    (folder / name / "deeper").mkdir(parents=True)
    (folder / name / "deeper" / "anything").write_bytes(b"anything")
    (folder / name / "link").symlink_to("nowhere")
    store.verify("reviews", 1)
    assert store.leftovers("reviews", 1) == [name]


def test_nothing_is_left_over_in_a_version_as_published(store: Store, folder: Path) -> None:
    assert folder.is_dir()
    assert store.leftovers("reviews", 1) == []


@pytest.mark.parametrize(
    "name", ["DS_Store", ".DS_Store.png", "xThumbs.db", "lost+found", ".nfs", "report/.hidden"]
)
def test_file_whose_name_only_looks_like_a_leftover_is_refused(store: Store, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    with pytest.raises(CorruptVersion, match="is not listed"):
        store.verify("reviews", 1)


def test_file_in_a_folder_whose_name_is_that_of_a_file_is_refused(store: Store, folder: Path) -> None:
    (folder / ".DS_Store").mkdir()
    (folder / ".DS_Store" / "extra").write_bytes(b"")
    with pytest.raises(CorruptVersion, match=r"\.DS_Store/extra: is not listed"):
        store.verify("reviews", 1)


@pytest.mark.parametrize("name", [".DS_Store", "lost+found"])
def test_link_is_refused_whatever_its_name(store: Store, folder: Path, name: str) -> None:
    (folder / name).symlink_to(folder)
    with pytest.raises(CorruptVersion, match="is a link"):
        store.verify("reviews", 1)


@pytest.mark.parametrize("name", ["pipe", ".DS_Store", "model.safetensors"])
def test_special_file_is_refused_whatever_its_name(store: Store, folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with pytest.raises(CorruptVersion, match="is a special file"):
        store.verify("reviews", 1)


def test_leftover_that_is_listed_is_a_file_of_the_version(store: Store) -> None:
    draft = small_draft()
    store.publish(replace(draft, payload={**draft.payload, "report/desktop.ini": b"[icon]"}))
    assert store.leftovers("reviews", 1) == []
    (store.root / "reviews" / "1" / "report" / "desktop.ini").write_bytes(b"[ICON]")
    with pytest.raises(CorruptVersion, match="is damaged"):
        store.verify("reviews", 1)


def as_volume_of_kubernetes(folder: Path) -> None:
    """Make each name in a folder a link into `..data`, which is a link to the folder that has them."""
    state = folder / "..2025_01_31_12_00_00.123456789"
    state.mkdir()
    for path in [path for path in folder.iterdir() if path != state]:
        path.rename(state / path.name)
        path.symlink_to(Path("..data") / path.name)
    (folder / "..data").symlink_to(state.name)


@pytest.mark.parametrize("level", [".", "reviews", "reviews/1"])
def test_volume_of_kubernetes_is_read(store: Store, folder: Path, tmp_path: Path, level: str) -> None:
    assert folder.is_dir()
    as_volume_of_kubernetes(store.root / level)
    assert store.models() == ["reviews"]
    store.verify("reviews", 1)
    subprocess.run(["cp", "-L", "-r", store.root, tmp_path / "copy"], check=True)
    Store(tmp_path / "copy").verify("reviews", 1)


def test_volume_of_kubernetes_is_checked_as_any_folder(store: Store, folder: Path) -> None:
    as_volume_of_kubernetes(folder)
    (folder / "..data" / "report" / "roc.png").write_bytes(b"\x88PNG")
    with pytest.raises(CorruptVersion, match=r"report/roc\.png: is damaged"):
        store.verify("reviews", 1)


@pytest.mark.parametrize("target", ["..data/other", "../..data/report", "..data/../report", "report2"])
def test_link_past_the_data_of_a_volume_is_refused(store: Store, folder: Path, target: str) -> None:
    as_volume_of_kubernetes(folder)
    (folder / "report").unlink()
    (folder / "report").symlink_to(target)
    with pytest.raises(CorruptVersion, match=r"report: is a link; .* `cp -L -r`"):
        store.verify("reviews", 1)


def test_link_in_a_volume_that_leads_in_a_circle_is_refused(store: Store, folder: Path) -> None:
    (folder / "extra").symlink_to("..data/extra")
    (folder / "..data").symlink_to(".")
    with pytest.raises(StoreUnavailable, match="extra: Too many levels of symbolic links"):
        store.verify("reviews", 1)


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
    edit_manifest(folder, lambda fields: fields.update(schema_version=SCHEMA_VERSION + 1, shards=["a", "b"]))
    with pytest.raises(
        NewerSchema, match=rf"by sentiment-service 0\.1\.0 with schema version {SCHEMA_VERSION + 1}"
    ):
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
