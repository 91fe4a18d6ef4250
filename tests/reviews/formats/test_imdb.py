import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from reviews import Part, Review, read_reviews
from reviews.errors import UnreadableReviews

FILES = {
    "train/pos/0_9.txt": b"A wonderful film.",
    "train/pos/2_7.txt": b"Good,\r\nbut long.",
    "train/pos/10_8.txt": "Très bien.".encode(),
    "train/neg/0_1.txt": b"Two hours lost.",
    "train/neg/1_4.txt": b"Dull.",
    "train/unsup/0_0.txt": b"I saw it.",
    "train/unsup/1_0.txt": b"It is a film.",
    "train/urls_pos.txt": b"".join(b"http://www.imdb.com/title/tt%07d/usercomments\n" % n for n in range(11)),
    "train/urls_neg.txt": b"http://www.imdb.com/title/tt0000050/usercomments\nhttp://other/film\n",
    "train/urls_unsup.txt": b"http://www.imdb.com/title/tt0000060/usercomments\n\n",
    "train/labeledBow.feat": b"9 0:9 1:1",
    "test/pos/0_10.txt": b"Splendid.",
    "test/neg/0_2.txt": b"Awful.",
    "README": b"Large Movie Review Dataset",
}
REVIEWS: dict[Part, tuple[Review, ...]] = {
    "train": (
        Review("pos/0_9", "A wonderful film.", "pos", "tt0000000"),
        Review("pos/2_7", "Good,\r\nbut long.", "pos", "tt0000002"),
        Review("pos/10_8", "Très bien.", "pos", "tt0000010"),
        Review("neg/0_1", "Two hours lost.", "neg", "tt0000050"),
        Review("neg/1_4", "Dull.", "neg", "http://other/film"),
    ),
    "unlabelled": (
        Review("unsup/0_0", "I saw it.", None, "tt0000060"),
        Review("unsup/1_0", "It is a film.", None, None),
    ),
    "test": (
        Review("pos/0_10", "Splendid.", "pos", None),
        Review("neg/0_2", "Awful.", "neg", None),
    ),
}
PARTS = tuple(REVIEWS)


def write_folder(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def tar(files: Mapping[str, bytes], prefix: str = "aclImdb/") -> bytes:
    """A tar of the files in reverse, so that film lists come first and IDs fall."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        folder = tarfile.TarInfo(prefix + "train/pos")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in reversed(list(files.items())):
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def write_archive(path: Path, files: Mapping[str, bytes], prefix: str = "aclImdb/") -> Path:
    path.write_bytes(gzip.compress(tar(files, prefix)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "aclImdb", FILES)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "aclImdb_v1.tar.gz", FILES)


@pytest.mark.parametrize("part", PARTS)
def test_the_folder_is_read(folder: Path, part: Part) -> None:
    assert read_reviews([folder], split=part).reviews == REVIEWS[part]


@pytest.mark.parametrize("part", PARTS)
def test_the_archive_gives_what_the_folder_gives(folder: Path, archive: Path, part: Part) -> None:
    assert read_reviews([archive], split=part).reviews == read_reviews([folder], split=part).reviews


@pytest.mark.parametrize("prefix", ["", "./aclImdb/", "other/name/"])
def test_the_archive_may_have_other_folders_on_top(tmp_path: Path, prefix: str) -> None:
    path = write_archive(tmp_path / "other.tgz", FILES, prefix)
    assert read_reviews([path], split="train").reviews == REVIEWS["train"]


def test_a_folder_that_has_pos_and_neg_itself_is_read(folder: Path) -> None:
    for part in PARTS:
        base = folder / ("test" if part == "test" else "train")
        assert read_reviews([base], split=part).reviews == REVIEWS[part]


def test_labels_can_be_left_out(folder: Path, archive: Path) -> None:
    for path in (folder, archive):
        reviews = read_reviews([path], split="train", labelled=False).reviews
        assert [review.id for review in reviews] == [review.id for review in REVIEWS["train"]]
        assert {review.label for review in reviews} == {None}


def test_names_without_an_id_are_read_without_a_group(tmp_path: Path) -> None:
    files = {
        "pos/cv000.txt": b"Fine.",
        "pos/3_9.txt": b"Good.",
        "pos/.hidden.txt": b"",
        "neg/cv001.txt": b"Bad.",
        "urls_pos.txt": b"\n" * 3 + b"tt0000003",
    }
    expected = (
        Review("pos/3_9", "Good.", "pos", "tt0000003"),
        Review("pos/cv000", "Fine.", "pos", None),
        Review("neg/cv001", "Bad.", "neg", None),
    )
    assert read_reviews([write_folder(tmp_path / "own", files)], split="train").reviews == expected
    archive = write_archive(tmp_path / "own.tar.gz", files, "own/train/")
    assert read_reviews([archive], split="train").reviews == expected


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b" \n", "the text is empty"), (b"caf\xe9", "not UTF-8 (byte 4)")],
)
def test_a_bad_review_is_reported_or_skipped(tmp_path: Path, content: bytes, problem: str) -> None:
    files = {**FILES, "train/neg/1_4.txt": content}
    folder = write_folder(tmp_path / "aclImdb", files)
    archive = write_archive(tmp_path / "aclImdb.tar.gz", files)
    for path in (folder, archive):
        with pytest.raises(UnreadableReviews) as raised:
            read_reviews([path], split="train")
        assert str(raised.value) == f"{path}/train/neg/1_4.txt: {problem}"
        collection = read_reviews([path], split="train", skip_bad=True)
        assert (collection.reviews, collection.num_skipped) == (REVIEWS["train"][:-1], 1)


def test_a_film_list_that_is_too_short_is_refused(tmp_path: Path) -> None:
    files = {**FILES, "train/urls_neg.txt": b"tt0000050\n"}
    for path in (
        write_folder(tmp_path / "aclImdb", files),
        write_archive(tmp_path / "aclImdb.tar.gz", files),
    ):
        with pytest.raises(UnreadableReviews, match=r"urls_neg\.txt: 1 lines, but neg/1_4\.txt needs line 2"):
            read_reviews([path], split="train", skip_bad=True)


@pytest.mark.parametrize(
    ("part", "missing"), [("train", "train/neg"), ("unlabelled", "train/unsup"), ("test", "test")]
)
def test_a_missing_folder_is_reported(tmp_path: Path, part: Part, missing: str) -> None:
    files = {name: content for name, content in FILES.items() if not name.startswith(missing + "/")}
    folder = write_folder(tmp_path / "aclImdb", files)
    with pytest.raises(UnreadableReviews, match=rf"the folder {missing.removeprefix('train/')}/ is missing"):
        read_reviews([folder], split=part)
    archive = write_archive(tmp_path / "aclImdb.tar.gz", files)
    with pytest.raises(UnreadableReviews, match="there are no reviews in"):
        read_reviews([archive], split=part)


def test_an_empty_folder_is_reported(folder: Path) -> None:
    for file in (folder / "train" / "neg").iterdir():
        file.unlink()
    with pytest.raises(UnreadableReviews, match="train: there are no reviews in neg/"):
        read_reviews([folder], split="train")


def test_a_folder_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableReviews, match="neither train/ and test/ nor pos/ and neg/"):
        read_reviews([tmp_path], split="train")


@pytest.mark.parametrize("kept_ratio", [0.0, 0.3, 0.99])
def test_an_archive_that_was_cut_short_is_refused(archive: Path, kept_ratio: float) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * kept_ratio)])
    with pytest.raises(UnreadableReviews, match="damaged or cut short"):
        read_reviews([archive], split="train", skip_bad=True)


def test_an_archive_with_a_wrong_sum_is_refused(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[-8] ^= 1  # the last 8 bytes of gzip are the sum and the size
    archive.write_bytes(content)
    with pytest.raises(UnreadableReviews, match="damaged or cut short"):
        read_reviews([archive], split="train")


def test_an_archive_that_is_no_tar_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "aclImdb.tar.gz"
    path.write_bytes(gzip.compress(b"not a tar" * 1000))
    with pytest.raises(UnreadableReviews, match="damaged or cut short"):
        read_reviews([path], split="train")


def test_links_and_devices_in_an_archive_are_passed_over(tmp_path: Path) -> None:
    stream = io.BytesIO(tar(FILES))
    with tarfile.open(fileobj=stream, mode="a") as archive:
        for name, kind in (("3_9", tarfile.SYMTYPE), ("4_9", tarfile.LNKTYPE), ("5_9", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(f"aclImdb/train/pos/{name}.txt")
            member.type, member.linkname = kind, "aclImdb/README"
            archive.addfile(member)
    path = tmp_path / "aclImdb.tar.gz"
    path.write_bytes(gzip.compress(stream.getvalue()))
    assert read_reviews([path], split="train").reviews == REVIEWS["train"]
