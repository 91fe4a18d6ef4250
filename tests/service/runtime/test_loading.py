from dataclasses import replace
from pathlib import Path

import pytest

from model_store import Manifest
from sentiment import InvalidConfiguration
from service.errors import UnfitVersion
from service.runtime.loading import check_fit, load_version
from service.settings import Settings
from tests.model_store.drafts import small_draft
from tests.sentiment.bfloat16 import HAS_BFLOAT16

MIB = 1024 * 1024
PAGE_BYTES = 4096


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """The manifest of a version with a table of 234 MiB."""
    manifest = small_draft().manifest(version=4, created_at="2025-01-31T12:00:00Z")
    network = replace(manifest.network, vocabulary_size=30_000, hidden_size=256, embedding_size=128)
    return replace(manifest, network=network)


def container(root: Path, limit_mib: int, held_mib: int) -> Path:
    """Write the files of a container with a memory limit."""
    for path, content in {
        "proc/self/cgroup": "0::/\n",
        "proc/self/statm": f"1 {held_mib * MIB // PAGE_BYTES} 1\n",
        "sys/fs/cgroup/memory.max": f"{limit_mib * MIB}\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


def test_a_version_that_fits(manifest: Manifest, tmp_path: Path) -> None:
    check_fit(manifest, manifest, device="cpu", root=container(tmp_path, 1536, 803))
    check_fit(manifest, None, device="cpu", root=tmp_path / "no limit")


def test_a_version_that_is_too_large(manifest: Manifest, tmp_path: Path) -> None:
    too_large = (
        r"reviews@4 would need \d+ MiB beside the 513 MiB .* container may use 768 MiB: give it more memory"
    )
    with pytest.raises(UnfitVersion, match=too_large):
        check_fit(manifest, manifest, device="cpu", root=container(tmp_path, 768, 513))
    # On a GPU there is no table in the process's memory.
    check_fit(manifest, manifest, device="cuda", root=tmp_path)


def test_other_labels(manifest: Manifest, tmp_path: Path) -> None:
    other = replace(manifest, labels=("bad", "good"))
    with pytest.raises(UnfitVersion, match=r"has the labels bad, good, but negative, positive are served"):
        check_fit(other, manifest, device="cpu", root=tmp_path)
    check_fit(replace(manifest, labels=manifest.labels[::-1]), manifest, device="cpu", root=tmp_path)


def test_the_model_computes_in_the_precision_of_the_settings(tiny_store: Path) -> None:
    settings = Settings(model_store=str(tiny_store), device="cpu", precision="bfloat16")
    if HAS_BFLOAT16:
        assert load_version(settings, settings.model).classifier.precision == "bfloat16"
    else:
        with pytest.raises(InvalidConfiguration, match="float32"):
            load_version(settings, settings.model)
