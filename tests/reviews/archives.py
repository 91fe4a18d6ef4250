"""Archives of public data sets, made small."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["POLARITY", "PRODUCTS", "product_review", "write_archive"]


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a `.tar.gz` of files in the order given and return its path."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path.write_bytes(gzip.compress(stream.getvalue()))
    return path


def product_review(
    text: str, *, title: str = "", rating: str = "5.0", product: str = "", encoding: str = "cp1252"
) -> bytes:
    """Return one element of a `.review` file, with fields that nobody reads and two ids, as the originals."""
    fields = {
        "unique_id": "B0:a_title:a_name",
        "asin": "B0",
        "product_name": product,
        "helpful": "1 of 2",
        "rating": rating,
        "title": title,
        "reviewer": 'A. Name "reader"',
        "review_text": text,
    }
    lines = ["<review>", "<unique_id>\n7\n</unique_id>"]
    lines += [f"<{name}>\n{value}\n</{name}>" for name, value in fields.items()]
    return "\n".join([*lines, "</review>\n"]).encode(encoding)


PRODUCTS = {
    "sorted_data_acl/stopwords": b"the",
    "sorted_data_acl/books/positive.review": (
        product_review("I read it twice & <3 it.\n\nTwice!", title="A “classic”", product="Emma: Books")
        + product_review("Très bien", title="Good!", rating="4.0", encoding="utf-8")
    ),
    "sorted_data_acl/books/negative.review": product_review(
        "Not for me", rating="2.0", product="Emma: Books"
    ),
    "sorted_data_acl/kitchen_&_housewares/negative.review": product_review("", title="Broke", rating="1.0"),
    "sorted_data_acl/kitchen_&_housewares/unlabeled.review": product_review("A pan", rating="5.0"),
}
POLARITY = {
    "rt-polaritydata.README.1.0.txt": b"Introduction",
    "rt-polaritydata/rt-polarity.neg": b"simplistic , silly . \r\nthe clich\xe9s \x85 all of them \r\n",
    "rt-polaritydata/rt-polarity.pos": b"effective but too-tepid biopic\r\n",
}
