"""Downloads from a server of our own on the loopback: resume, checksums, refusals."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rackwright.datasets.catalogue import PUBLIC_TRACES, PublicFile, find_public
from rackwright.datasets.download import DownloadError, download
from rackwright.datasets.loaders import FORMATS
from rackwright.models.errors import InputError

CONTENT = b"job_id,submit_s,runtime_s,nodes\n" + b"1,0,10,4\n" * 20_000
SHA = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """What the server does, and what it was asked."""

    url: str = ""
    has_ranges: bool = True
    breaks_after: int | None = None
    status: int | None = None
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append(wanted)
            if state.status is not None:
                self.send_error(state.status)
                return
            begin = 0
            if wanted and state.has_ranges:
                begin = int(wanted.removeprefix("bytes=").rstrip("-"))
                if begin >= len(CONTENT):
                    self.send_error(416)
                    return
            body = CONTENT[begin:]
            self.send_response(206 if wanted and state.has_ranges else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if state.breaks_after is not None:
                body = body[: state.breaks_after]
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{listener.server_port}/trace.csv"
    yield state
    listener.shutdown()
    listener.server_close()
    thread.join()


def test_a_whole_file(server: Server, tmp_path: Path) -> None:
    told: list[str] = []
    path = download(PublicFile(server.url, SHA), tmp_path / "new", progress=told.append)
    assert path.read_bytes() == CONTENT
    assert path.name == "trace.csv"
    assert told[-1] == f"{len(CONTENT):,} of {len(CONTENT):,} bytes"
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        "trace.csv",
        "trace.csv.sha256",
    ]


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        download(PublicFile(server.url, SHA), tmp_path)
    assert len(server.asked) == 1


@pytest.mark.parametrize("has_ranges", [True, False])
def test_half_a_file_is_continued_or_fetched_anew(
    server: Server, tmp_path: Path, has_ranges: bool
) -> None:
    server.breaks_after = 100_000
    with pytest.raises(DownloadError, match=r"broke off after 100,000 of .*; run again"):
        download(PublicFile(server.url, SHA), tmp_path)
    assert (tmp_path / "trace.csv.part").stat().st_size == 100_000
    assert not (tmp_path / "trace.csv").exists()
    server.breaks_after, server.has_ranges = None, has_ranges
    assert download(PublicFile(server.url, SHA), tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == "bytes=100000-"
    assert not (tmp_path / "trace.csv.part").exists()


def test_a_part_that_is_complete_needs_no_more(server: Server, tmp_path: Path) -> None:
    (tmp_path / "trace.csv.part").write_bytes(CONTENT)
    assert download(PublicFile(server.url, SHA), tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_and_removed(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=f"checksum {SHA} of trace.csv.part, published is 00"):
        download(PublicFile(server.url, "00" * 32), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_published_checksum_the_first_download_counts(
    server: Server, tmp_path: Path
) -> None:
    path = download(PublicFile(server.url), tmp_path)
    assert (tmp_path / "trace.csv.sha256").read_text() == f"{SHA}  trace.csv\n"
    path.write_bytes(CONTENT + b"tampered")
    with pytest.raises(DownloadError, match="remove it and run again"):
        download(PublicFile(server.url), tmp_path)


def test_refusals_are_told(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(DownloadError, match="the server says 404"):
        download(PublicFile(server.url), tmp_path)
    with pytest.raises(DownloadError, match="run again to continue"):
        download(PublicFile("http://127.0.0.1:9/none.csv"), tmp_path)


def test_the_catalogue_is_complete() -> None:
    names = [trace.name for trace in PUBLIC_TRACES]
    assert len(names) == len(set(names))
    for trace in PUBLIC_TRACES:
        assert trace.format in FORMATS
        assert trace.licence and trace.cite
        assert all(file.url.startswith("https://") for file in trace.files)
    assert {trace.format for trace in PUBLIC_TRACES} == set(FORMATS) - {"csv"}
    with pytest.raises(InputError, match="no public trace 'x'; wanted lingjun-2023"):
        find_public("x")
