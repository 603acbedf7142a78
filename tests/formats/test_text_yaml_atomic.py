"""The primitives below every reader: text, safe YAML, and writing without half a file."""

from __future__ import annotations

import gzip
import stat
import time
from pathlib import Path

import pytest

from rackwright.models.errors import InputError, ProblemLog
from rackwright.models.formats.atomic import write_atomically
from rackwright.models.formats.text import read_text
from rackwright.models.formats.yaml_file import (
    YamlList,
    YamlMapping,
    YamlScalar,
    YamlValue,
    parse_yaml,
)


def parse(text: str) -> YamlValue | None:
    return parse_yaml(text, ProblemLog("f.yaml"))


def complaints(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text)
    return str(caught.value).splitlines()


def test_text_drops_the_byte_order_mark_and_unpacks_gzip(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfn\xc3\xb6de\n")
    (tmp_path / "b.gz").write_bytes(gzip.compress("nöde\n".encode()))
    assert read_text(tmp_path / "a") == read_text(tmp_path / "b.gz") == "nöde\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\nb\xff", "line 2: byte 0xff is not UTF-8; wanted UTF-8 text"),
        (b"\xff\xfea\0", "line 1: byte 0xff is not UTF-8; wanted UTF-8 text"),
        (b"a\n\0", "line 2: a NUL character; wanted a text file"),
        (b"x" * 101, "more than 100 bytes; wanted a smaller file"),
        (gzip.compress(b"x" * 10_000_000), "more than 100 bytes; wanted a smaller file"),
    ],
)
def test_text_refuses(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_text(path, max_bytes=100)
    assert str(caught.value) == f"{path}: {message}"


def test_text_refuses_half_a_gzip(tmp_path: Path) -> None:
    path = tmp_path / "f.gz"
    path.write_bytes(gzip.compress(b"x" * 1000)[:20])
    with pytest.raises(InputError, match="broken gzip data"):
        read_text(path)


def test_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_text(tmp_path / "nowhere")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_text(tmp_path)


def test_yaml_keeps_texts_lines_and_quotes() -> None:
    value = parse("a: 0012\nb:\n- 'x'\n- no\n- ~\n")
    assert isinstance(value, YamlMapping)
    assert value.entries["a"] == YamlScalar("0012", 1)
    assert value.key_lines == {"a": 1, "b": 2}
    assert value.entries["b"] == YamlList(
        [YamlScalar("x", 3, True), YamlScalar("no", 4), YamlScalar("~", 5)], 3
    )
    assert parse("") is None
    assert parse("!!str 12") == YamlScalar("12", 1, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: key 'a' a second time (first on line 1); wanted each"),
        ("a: &x 1\nb: *x\n", "line 2: alias *x; wanted the value written out"),
        ("a: !!python/object:os.system x\n", "line 1: tag tag:yaml.org,2002:python/object:os"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document; wanted one document in a file"),
        ("[1, 2]: 3\n", "line 1: a key that is a collection; wanted a name"),
        ("a: [1\n", "line 2: not YAML: while parsing a flow sequence did not find expected"),
        ("[" * 50, "line 1: nested deeper than 40 levels"),
        ("a:\n\t- b\n", "line 2: not YAML: while scanning for the next token found character"),
        ("\x01", "f.yaml: not YAML: "),
    ],
)
def test_yaml_refuses(text: str, message: str) -> None:
    assert message in complaints(text)[0]


def test_yaml_tells_all_duplicate_keys_at_once() -> None:
    assert len(complaints("a: 1\na: 2\nb: {c: 1, c: 2}\n")) == 2


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    start = time.perf_counter()
    assert "alias *a0" in complaints("\n".join(lines))[0]
    assert time.perf_counter() - start < 0.5


def test_writing_replaces_and_keeps_permissions(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    path.chmod(0o640)
    write_atomically(path, "new\n")
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["plan.json"]


def test_writing_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]
    with pytest.raises(OSError, match="No such file"):
        write_atomically(tmp_path / "nowhere" / "f", "x")
