import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews import Columns, Reject, open_rows
from reviews.errors import UnreadableReviews
from reviews.formats.encoding import detect_encoding
from tests.reviews.tables import fields_of, rows_of, write

HEADER = "text,label\n"
ENGLISH = "“It’s dull” she said – and that’s it.,neg\nThe café cost 20 € a night…,neg\n"
# Invented reviews as spreadsheets of other countries save them.
CODE_PAGES = {
    "Windows-1252": (
        ENGLISH,
        "It cost £5 and broke.,neg\n",
        "Beyoncé was superb.,pos\n",
        "Die Bedienung war unfreundlich und das Essen überteuert.,neg\nSchön\xades Hotel für das Geld.,pos\n",
        "Une très belle soirée et le dîner était délicieux.,pos\nÇa m’a déçu.,neg\n",
        "El servicio fue pésimo y la habitación olía a humedad.,neg\nLa batería no duró ni un día.,neg\n",
        "Il film è bellissimo.,pos\nNon è all'altezza perché la qualità è scarsa.,neg\n",
    ),
    "Windows-1250": (
        "Wspaniały film i świetna gra aktorów.,pos\nŻałuję że tak krótki.,neg\n",
        "Příliš dlouhé a nudné.,neg\nVýborný film a herci byli skvělí.,pos\n",
    ),
    "Windows-1251": ("Отличный фильм и очень понравилось.,pos\nСкучно и долго.,neg\n",),
    "Windows-1253": ("Πολύ καλή ταινία και μου άρεσε πολύ.,pos\n",),
    "Windows-1254": ("İğrenç ve sıkıcı.,neg\nParamı geri istiyorum ve hiç beğenmedim.,neg\n",),
    "CP932": ("とても面白い映画でした。,pos\n退屈でした。,neg\n",),
    "GB18030": ("这部电影非常好看。,pos\n服务很差。,neg\n",),
}


@pytest.mark.parametrize(
    ("encoding", "rows"), [(encoding, rows) for encoding, tables in CODE_PAGES.items() for rows in tables]
)
def test_code_pages_are_distinguished(tmp_path: Path, encoding: str, rows: str) -> None:
    path = write(tmp_path, "x.csv", (HEADER + rows).encode(encoding))
    assert open_rows(path).layout.encoding == encoding
    texts = [line.rpartition(",")[0] for line in rows.splitlines()]
    assert [fields["text"] for fields in fields_of(path)] == texts


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("utf-32", "UTF-32"),
    ],
)
@pytest.mark.parametrize("name_of_file", ["x.csv", "x.tsv", "x.csv.gz", "x.jsonl"])
def test_unicode_is_read_in_every_form(tmp_path: Path, codec: str, name: str, name_of_file: str) -> None:
    text = {
        "x.jsonl": '{"text": "für immer 🎬", "label": "pos"}\n',
        "x.tsv": "text\tlabel\nfür immer 🎬\tpos\n",
    }
    content = text.get(name_of_file, "text,label\nfür immer 🎬,pos\n").encode(codec)
    path = write(tmp_path, name_of_file, gzip.compress(content) if name_of_file.endswith("gz") else content)
    assert open_rows(path).layout.encoding == name
    assert fields_of(path) == [{"text": "für immer 🎬", "label": "pos"}]


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.integers(0, 5_000))
def test_what_is_utf_8_is_read_as_it(tmp_path_factory: pytest.TempPathFactory, text: str, num: int) -> None:
    path = write(tmp_path_factory.mktemp("utf8"), "x.csv", b"text\n" + b"a\n" * num + text.encode())
    assert detect_encoding(path) == "UTF-8"


def test_a_damaged_line_does_not_make_a_utf_8_file_another(tmp_path: Path) -> None:
    rows = HEADER.encode() + "Très bien,pos\nÇa va,pos\n".encode() + b"caf\xe9,neg\n"
    path = write(tmp_path, "x.csv", rows)
    assert open_rows(path).layout.encoding == "UTF-8"
    assert rows_of(path)[0].line == 2


def test_letters_late_in_a_long_file_decide(tmp_path: Path) -> None:
    rows = HEADER + "It is fine.,pos\n" * 50_000 + ENGLISH
    path = write(tmp_path, "x.csv.gz", gzip.compress(rows.encode("cp1252")))
    *_, last = rows_of(path)
    assert not isinstance(last, Reject)
    assert last.fields["text"] == "The café cost 20 € a night…"


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_the_encoding_can_be_said(tmp_path: Path, name: str) -> None:
    content = '{"text": "Wspaniały"}\n' if name == "x.jsonl" else "text\nWspaniały\n"
    path = write(tmp_path, name, content.encode("iso-8859-2"))
    assert fields_of(path, Columns(encoding="iso-8859-2")) == [{"text": "Wspaniały"}]
    assert open_rows(path, columns=Columns(encoding="iso-8859-2")).layout.encoding == "iso-8859-2"


@pytest.mark.parametrize("encoding", ["no-such", "base64", "utf-8\0"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "x.csv", b"text\nFine\n")
    with pytest.raises(UnreadableReviews, match=r"there is no text encoding .*--encoding takes"):
        open_rows(path, columns=Columns(encoding=encoding))


def test_text_that_is_not_in_the_encoding_that_is_said_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"\xff\xfet\0e\0x\0t\0\n\0F")
    with pytest.raises(UnreadableReviews, match=r"x\.csv: not UTF-16 \(truncated data\)"):
        rows_of(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK\x03\x04" + bytes(100), "a workbook or an archive, not text"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "a workbook or an archive, not text"),
        (bytes(range(256)) + bytes(200), "full of zero bytes"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    with pytest.raises(UnreadableReviews, match=problem):
        open_rows(write(tmp_path, "x.csv", content))
