import gc
import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from training.__main__ import main
from training.data.archives import ARCHIVES, IMDB, PRODUCTS, SENTENCES, Checksum
from training.data.download import digest, download
from training.errors import DownloadFailed

CONTENT = bytes(range(256)) * 4096  # 1 MiB, several chunks
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
CHECKSUM = Checksum("md5", MD5)
SIZE_BYTES = len(CONTENT)


@dataclass
class Behaviour:
    """What the server does with the next requests, and the Range headers that it was sent."""

    content: bytes = CONTENT
    supports_ranges: bool = True
    cut_after_bytes: int | None = None
    framing: str = "length"  # or "chunked", or "close": the end of the connection is the end of the file
    status: int | None = None
    location: str | None = None
    content_range: str | None = None
    ranges: list[str | None] = field(default_factory=list)


class Server(ThreadingHTTPServer):
    daemon_threads = False
    behaviour = Behaviour()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/aclImdb_v1.tar.gz"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        behaviour = self.server.behaviour
        behaviour.ranges.append(self.headers["Range"])
        self.close_connection = True
        if behaviour.status is not None:
            return self._refuse(behaviour.status, behaviour.location)
        match = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        start = int(match[1]) if match and behaviour.supports_ranges else 0
        if start and start >= len(behaviour.content):
            return self._refuse(416, None)
        self._send(start, behaviour)
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass

    def _refuse(self, status: int, location: str | None) -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, start: int, behaviour: Behaviour) -> None:
        body = behaviour.content[start:]
        self.send_response(206 if start else 200)
        if start:
            whole = f"bytes {start}-{len(behaviour.content) - 1}/{len(behaviour.content)}"
            self.send_header("Content-Range", behaviour.content_range or whole)
        if behaviour.framing == "length":
            self.send_header("Content-Length", str(len(body)))
        elif behaviour.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        sent = body[: behaviour.cut_after_bytes]
        if behaviour.framing == "chunked":
            self.wfile.write(f"{len(body):x}\r\n".encode() + sent)
            if len(sent) == len(body):
                self.wfile.write(b"\r\n0\r\n\r\n")
        else:
            self.wfile.write(sent)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.behaviour = Behaviour()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "data" / "aclImdb_v1.tar.gz"


def part_of(destination: Path) -> Path:
    return destination.with_name(destination.name + ".part")


def write_part(destination: Path, content: bytes) -> None:
    destination.parent.mkdir(parents=True)
    part_of(destination).write_bytes(content)


def fetch(
    server: Server,
    destination: Path,
    checksum: Checksum | None = CHECKSUM,
    size_bytes: int | None = SIZE_BYTES,
) -> Path:
    return download(server.url, destination, checksum=checksum, size_bytes=size_bytes)


def failure(
    server: Server,
    destination: Path,
    checksum: Checksum | None = CHECKSUM,
    size_bytes: int | None = SIZE_BYTES,
) -> str:
    with pytest.raises(DownloadFailed) as raised:
        fetch(server, destination, checksum, size_bytes)
    assert not destination.exists()
    message = str(raised.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("size_bytes", [SIZE_BYTES, None])
@pytest.mark.parametrize(
    "checksum", [CHECKSUM, Checksum("md5", MD5.upper()), Checksum("sha256", SHA256), None]
)
def test_a_file_is_fetched_and_nothing_is_left_next_to_it(
    server: Server, destination: Path, framing: str, size_bytes: int | None, checksum: Checksum | None
) -> None:
    server.behaviour.framing = framing
    assert fetch(server, destination, checksum, size_bytes) == destination
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


@pytest.mark.parametrize("checksum", [CHECKSUM, Checksum("sha256", SHA256), None])
def test_a_right_file_is_not_fetched_again(
    server: Server, destination: Path, checksum: Checksum | None
) -> None:
    fetch(server, destination, checksum)
    fetch(server, destination, checksum)
    assert len(server.behaviour.ranges) == 1


def test_a_wrong_file_is_replaced(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    destination.write_bytes(b"old")
    fetch(server, destination)
    assert destination.read_bytes() == CONTENT


@pytest.mark.parametrize("framing", ["length", "close"])
def test_a_cut_connection_is_reported_and_the_next_call_resumes(
    server: Server, destination: Path, framing: str
) -> None:
    server.behaviour.cut_after_bytes = SIZE_BYTES // 2
    server.behaviour.framing = framing
    message = failure(server, destination)
    assert f"download from 127.0.0.1:{server.server_port} failed" in message
    assert "closed after 524,288 of 1,048,576 bytes" in message
    assert part_of(destination).read_bytes() == CONTENT[: SIZE_BYTES // 2]
    server.behaviour.cut_after_bytes = None
    fetch(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.behaviour.ranges == [None, f"bytes={SIZE_BYTES // 2}-"]


def test_a_cut_chunked_connection_is_reported_and_the_next_call_resumes(
    server: Server, destination: Path
) -> None:
    server.behaviour.cut_after_bytes = SIZE_BYTES // 2 + 1000
    server.behaviour.framing = "chunked"
    assert "IncompleteRead" in failure(server, destination)
    server.behaviour.cut_after_bytes = None
    fetch(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.behaviour.ranges == [None, f"bytes={SIZE_BYTES // 2}-"]


def test_a_connection_cut_twice_continues_from_the_second_cut(server: Server, destination: Path) -> None:
    server.behaviour.cut_after_bytes = 300_000
    failure(server, destination)
    failure(server, destination, size_bytes=None)
    assert part_of(destination).read_bytes() == CONTENT[:600_000]


@pytest.mark.parametrize(
    ("supports_ranges", "content_range", "num_requests"),
    [(False, None, 1), (True, "bytes 5-9/10", 2), (True, "nonsense", 2)],
)
def test_a_server_that_cannot_resume_starts_again(
    server: Server, destination: Path, supports_ranges: bool, content_range: str | None, num_requests: int
) -> None:
    write_part(destination, b"other bytes, which must not be kept")
    server.behaviour.supports_ranges = supports_ranges
    server.behaviour.content_range = content_range
    fetch(server, destination)
    assert destination.read_bytes() == CONTENT
    assert len(server.behaviour.ranges) == num_requests


def test_a_part_that_is_complete_needs_no_request(server: Server, destination: Path) -> None:
    write_part(destination, CONTENT)
    fetch(server, destination)
    assert destination.read_bytes() == CONTENT
    assert server.behaviour.ranges == []


@pytest.mark.parametrize(("size_bytes", "ranges"), [(SIZE_BYTES, 1), (None, 2)])
def test_a_part_that_is_too_long_is_fetched_anew(
    server: Server, destination: Path, size_bytes: int | None, ranges: int
) -> None:
    write_part(destination, CONTENT + b"more")
    fetch(server, destination, size_bytes=size_bytes)
    assert destination.read_bytes() == CONTENT
    assert len(server.behaviour.ranges) == ranges


def test_a_corrupted_file_is_deleted_and_reported(server: Server, destination: Path) -> None:
    server.behaviour.content = CONTENT[:-1] + b"x"
    message = failure(server, destination)
    found = hashlib.md5(server.behaviour.content, usedforsecurity=False).hexdigest()
    assert f"wrong MD5 checksum, expected {MD5}, got {found}" in message
    assert list(destination.parent.iterdir()) == []


def test_a_file_with_another_sha256_is_deleted_and_reported(server: Server, destination: Path) -> None:
    message = failure(server, destination, Checksum("sha256", "0" * 64))
    assert f"wrong SHA-256 checksum, expected {'0' * 64}, got {SHA256}" in message
    assert list(destination.parent.iterdir()) == []


@pytest.mark.parametrize("cut", [True, False])
def test_without_a_checksum_nothing_is_pieced_together_and_a_cut_is_reported(
    server: Server, destination: Path, cut: bool
) -> None:
    write_part(destination, b"other bytes, which must not be kept")
    if cut:
        server.behaviour.cut_after_bytes = SIZE_BYTES // 2
        assert "was closed after" in failure(server, destination, None, None)
        server.behaviour.cut_after_bytes = None
    fetch(server, destination, None, None)
    assert destination.read_bytes() == CONTENT
    assert set(server.behaviour.ranges) == {None}


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("content", [b"<html>Please log in</html>", CONTENT + b"more"])
def test_a_file_of_another_size_is_deleted_and_reported(
    server: Server, destination: Path, framing: str, content: bytes
) -> None:
    server.behaviour.content = content
    server.behaviour.framing = framing
    assert f"wrong size in bytes, expected {SIZE_BYTES}, got {len(content)}" in failure(server, destination)
    assert list(destination.parent.iterdir()) == []


@pytest.mark.parametrize(("status", "reason"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
def test_an_error_answer_is_reported_and_the_part_is_kept(
    server: Server, destination: Path, status: int, reason: str
) -> None:
    write_part(destination, CONTENT[:10])
    server.behaviour.status = status
    assert failure(server, destination).endswith(f"the server answered {reason}")
    assert part_of(destination).read_bytes() == CONTENT[:10]


def test_a_redirect_is_followed(server: Server, destination: Path) -> None:
    with Server(("127.0.0.1", 0), Handler) as mirror:
        mirror.behaviour = Behaviour(status=302, location=server.url)
        thread = threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        fetch(mirror, destination)
        mirror.shutdown()
        thread.join()
    assert destination.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("ftp://127.0.0.1/a", "unknown url type: ftp"),
        ("file:///etc/hosts", "Redirection to url 'file:///etc/hosts' is not allowed"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_refused(
    server: Server, destination: Path, location: str, reason: str
) -> None:
    server.behaviour.status = 302
    server.behaviour.location = location
    assert reason in failure(server, destination)
    assert len(server.behaviour.ranges) == 1


# urllib itself leaves the socket of such a redirect open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_redirect_to_a_malformed_address_is_refused(server: Server, destination: Path) -> None:
    server.behaviour.status = 302
    server.behaviour.location = "http://["
    assert "Invalid IPv6 URL" in failure(server, destination)
    gc.collect()


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://127.0.0.1/a", "data:,a", "aclImdb.tar.gz"])
def test_other_schemes_are_refused(destination: Path, url: str) -> None:
    with pytest.raises(DownloadFailed, match="only http and https addresses"):
        download(url, destination, checksum=CHECKSUM, size_bytes=None)
    assert not destination.parent.exists()


@pytest.mark.parametrize("url", ["http://[", "http://127.0.0.1:port/a", "http:///a", "http://127.0.0.1/a b"])
def test_a_malformed_address_is_refused(destination: Path, url: str) -> None:
    with pytest.raises(DownloadFailed):
        download(url, destination, checksum=CHECKSUM, size_bytes=None)


def test_a_server_that_is_not_there_is_reported_by_its_host(destination: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(DownloadFailed, match=rf"from 127\.0\.0\.1:{port} failed: .*refused"):
        download(f"http://127.0.0.1:{port}/a", destination, checksum=CHECKSUM, size_bytes=None)


def test_a_folder_in_the_way_is_reported_before_anything_is_fetched(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="a folder is in the way"):
        fetch(server, tmp_path)
    assert server.behaviour.ranges == []


def test_a_place_that_cannot_be_written_is_reported(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadFailed, match=r"cannot be written \((File exists|Not a directory)\)"):
        fetch(server, tmp_path / "file" / "aclImdb_v1.tar.gz")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_is_reported(server: Server, destination: Path) -> None:
    destination.parent.mkdir()
    part_of(destination).symlink_to("/dev/full")
    assert "cannot be written (No space left on device)" in failure(server, destination)


def test_the_archives_are_the_published_ones() -> None:
    assert ARCHIVES == {"imdb": IMDB, "products": PRODUCTS, "sentences": SENTENCES}
    for archive in ARCHIVES.values():
        assert archive.url.endswith(f"/{archive.file_name}")
    assert IMDB.checksum == Checksum("md5", "7c2ac02c03563afcf9b574c7e56c153a")
    assert IMDB.size_bytes == 84_125_825
    assert SENTENCES.checksum is not None
    assert SENTENCES.checksum.value.startswith("a05befe52aafda71d458d188a1c54506")
    assert SENTENCES.size_bytes == 487_770


def test_the_command_tells_what_it_could_not_check(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert PRODUCTS.checksum is None
    assert main(["download", "products", "--url", server.url, "--to", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    path = tmp_path / PRODUCTS.file_name
    assert captured.out == f"{path}\n"
    assert "no checksum is published for domain_sentiment_data.tar.gz" in captured.err
    assert SHA256 in captured.err
    assert digest(path, "sha256") == SHA256


@pytest.mark.parametrize("name", ["imdb", "sentences"])
def test_the_command_refuses_another_archive_in_one_line(
    server: Server, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["download", name, "--url", server.url, "--to", str(tmp_path)]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert str(ARCHIVES[name].size_bytes) in errors
    assert not (tmp_path / ARCHIVES[name].file_name).exists()
