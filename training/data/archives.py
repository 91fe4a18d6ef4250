"""Public data sets: where each is published, and how to check that it has arrived whole."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["ARCHIVES", "IMDB", "PRODUCTS", "SENTENCES", "Algorithm", "Archive", "Checksum"]

Algorithm = Literal["md5", "sha256"]


@dataclass(frozen=True, slots=True)
class Checksum:
    """The checksum that a file must have, in hexadecimal."""

    algorithm: Algorithm
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A published data set; checksum and size are None where they are not published."""

    url: str
    checksum: Checksum | None
    size_bytes: int | None
    file_name: str


IMDB = Archive(
    url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    checksum=Checksum("md5", "7c2ac02c03563afcf9b574c7e56c153a"),
    size_bytes=84_125_825,
    file_name="aclImdb_v1.tar.gz",
)
PRODUCTS = Archive(
    url="https://www.cs.jhu.edu/~mdredze/datasets/sentiment/domain_sentiment_data.tar.gz",
    checksum=None,
    size_bytes=None,
    file_name="domain_sentiment_data.tar.gz",
)
# The copy that Hugging Face's data set rotten_tomatoes was made from; its dataset_infos.json has the
# checksum.
SENTENCES = Archive(
    url="https://storage.googleapis.com/seldon-datasets/sentence_polarity_v1/rt-polaritydata.tar.gz",
    checksum=Checksum("sha256", "a05befe52aafda71d458d188a1c54506a998b1308613ba76bbda2e5029409ce9"),
    size_bytes=487_770,
    file_name="rt-polaritydata.tar.gz",
)
ARCHIVES = {"imdb": IMDB, "products": PRODUCTS, "sentences": SENTENCES}
