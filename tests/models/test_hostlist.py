"""Hostlists against Slurm's grammar, with ClusterShell as an independent oracle."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.models.hostlist import (
    MAX_NAMES,
    MAX_RANGE,
    HostlistError,
    expand,
    fold,
    natural_key,
    natural_sorted,
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("n1", ["n1"]),
        ("n1,n2", ["n1", "n2"]),
        (" n1 , n2,\tn3\n", ["n1", "n2", "n3"]),
        ("n[1-3]", ["n1", "n2", "n3"]),
        ("n[08-11]", ["n08", "n09", "n10", "n11"]),
        ("n[8-11]", ["n8", "n9", "n10", "n11"]),
        ("n[01-3]", ["n01", "n02", "n03"]),
        ("n[1,3-4,007]", ["n1", "n3", "n4", "n007"]),
        ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
        ("r[1-2]n[1-2]-ib", ["r1n1-ib", "r1n2-ib", "r2n1-ib", "r2n2-ib"]),
        ("[1-3]", ["1", "2", "3"]),
        ("n[1-2],login,n[5]", ["n1", "n2", "login", "n5"]),
        ("n[2,1,2]", ["n2", "n1", "n2"]),
        ("a,,b,", ["a", "b"]),
        ("g3-129-[5,7],g3-130-[01,03]", ["g3-129-5", "g3-129-7", "g3-130-01", "g3-130-03"]),
    ],
)
def test_expand(text: str, names: list[str]) -> None:
    assert expand(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n[1-3", "unclosed bracket: 'n[1-3'"),
        ("n[1-3,n5", "unclosed bracket: 'n[1-3,n5'"),
        ("n1-3]", "bracket without its beginning: 'n1-3]'"),
        ("n[1-[2-3]]", "nested brackets: 'n[1-[2-3]]'"),
        ("n[]", "not a number or range '' in the brackets of: 'n[]'"),
        ("n[1-]", "not a number or range '1-' in the brackets of: 'n[1-]'"),
        ("n[-3]", "not a number or range '-3' in the brackets of: 'n[-3]'"),
        ("n[1--3]", "not a number or range '1--3' in the brackets of: 'n[1--3]'"),
        ("n[a-c]", "not a number or range 'a-c' in the brackets of: 'n[a-c]'"),
        ("n[1,,2]", "not a number or range '' in the brackets of: 'n[1,,2]'"),
        ("n[3-1]", "reversed range: '3-1'"),
        ("n[1-1000000]", "range longer than 65536: '1-1000000'"),
        ("r[1-1000]n[1-1000]", "more than 262144 names: 'r[1-1000]n[1-1000]'"),
        (
            "n[1-9999999999999999999]",
            "number too long in the brackets of: 'n[1-9999999999999999999]'",
        ),
        ("n1;reboot", "not a node name: 'n1;reboot'"),
        ("$(id)", "not a node name: '$(id)'"),
        ("n[²-³]", "not a number or range '²-³' in the brackets of: 'n[²-³]'"),
    ],
)
def test_malformed(text: str, message: str) -> None:
    with pytest.raises(HostlistError) as caught:
        expand(text)
    assert str(caught.value) == message


def test_limits_are_slurms() -> None:
    assert len(expand(f"n[1-{MAX_RANGE}]")) == MAX_RANGE
    with pytest.raises(HostlistError):
        expand(f"n[0-{MAX_RANGE}]")
    assert len(expand("r[1-3056]n[01-18]")) == 55_008
    with pytest.raises(HostlistError, match=str(MAX_NAMES)):
        expand(",".join(["n[1-65536]"] * 5))


@pytest.mark.parametrize("text", ["n[1-1000000]", "n[1-100000000]", "r[1-9999]n[1-9999]x[1-9999]"])
def test_absurd_sizes_are_refused_at_once(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(HostlistError):
        expand(text)
    assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["n1"], "n1"),
        (["n2", "n1"], "n[1-2]"),
        (["n00003", "n00001", "n00007", "n00002"], "n[00001-00003,00007]"),
        (["n9", "n10", "n11"], "n[9-11]"),
        (["n1", "n01"], "n[01,1]"),
        (["r1n1", "r1n2", "r2n1"], "r1n[1-2],r2n1"),
        (["n1-ib", "n2-ib"], "n1-ib,n2-ib"),
        (["1", "2", "3"], "[1-3]"),
        (["b", "a10", "a9"], "a[9-10],b"),
        (["n1", "n1"], "n1"),
        (["n099", "n100", "n1000"], "n[099-100,1000]"),
    ],
)
def test_fold(names: list[str], text: str) -> None:
    assert fold(names) == text


def test_fold_keeps_the_order_of_a_ring() -> None:
    assert fold(["n3", "n4", "n1", "n2"], keep_order=True) == "n[3-4,1-2]"


def test_fold_never_writes_a_range_that_expand_refuses() -> None:
    names = [f"n{number}" for number in range(MAX_RANGE + 10)]
    assert expand(fold(names)) == names


@pytest.mark.parametrize(
    ("names"),
    [
        ["n1", "n2", "n10", "n100"],
        ["n01", "n02", "n1", "n2"],
        ["n0", "n00", "n01", "n1"],
        ["a2b1", "a2b10", "a10b1"],
        ["g3-129-1", "g3-129-10", "g10-1-1"],
        ["n-1", "n1", "na"],
        ["N1", "n1"],
    ],
)
def test_natural_order_is_strnatcmp(names: list[str]) -> None:
    assert natural_sorted(reversed(names)) == names
    assert sorted(reversed(names), key=natural_key) == names


def test_ten_thousand_nodes_in_a_tenth_of_a_second() -> None:
    names = [f"rack{rack}n{node:02}" for rack in range(1, 557) for node in range(1, 19)]
    start = time.process_time()
    text = fold(names)
    folded = time.process_time()
    back = expand(text)
    expanded = time.process_time()
    assert back == names
    assert folded - start < 0.1
    assert expanded - folded < 0.1


NAMES = st.lists(
    st.builds(
        lambda stem, number, width, tail: f"{stem}{number:0{width}}{tail}",
        st.sampled_from(["n", "rack1n", "a-", "r2d2-", "x.y"]),
        st.integers(0, 130),
        st.integers(1, 4),
        st.sampled_from(["", "", "", "-ib", "b"]),
    ),
    max_size=40,
)


@given(NAMES)
def test_fold_and_expand_are_inverse(names: list[str]) -> None:
    assert expand(fold(names)) == natural_sorted(set(names))
    assert expand(fold(names, keep_order=True)) == names


@given(NAMES)
def test_natural_sort_agrees_with_its_key(names: list[str]) -> None:
    assert natural_sorted(names) == sorted(names, key=natural_key)


BRACKETS = st.lists(
    st.tuples(st.integers(0, 120), st.integers(0, 12)), min_size=1, max_size=4
).map(lambda parts: ",".join(f"{low:03}-{low + length:03}" for low, length in parts))
EXPRESSIONS = st.lists(
    st.one_of(
        st.builds(lambda inside: f"n[{inside}]", BRACKETS),
        st.builds(lambda first, second: f"r[{first}]n[{second}]", BRACKETS, BRACKETS),
        st.builds(lambda inside: f"n[{inside}]-ib", BRACKETS),
        st.integers(1, 99).map(lambda number: f"login{number}"),
    ),
    min_size=1,
    max_size=4,
).map(",".join)


@given(EXPRESSIONS)
def test_expand_agrees_with_clustershell(text: str) -> None:
    nodeset = pytest.importorskip("ClusterShell.NodeSet")
    assert set(expand(text)) == set(nodeset.NodeSet(text))


@given(NAMES)
def test_clustershell_reads_what_fold_writes(names: list[str]) -> None:
    nodeset = pytest.importorskip("ClusterShell.NodeSet")
    assert set(nodeset.NodeSet(fold(names))) == set(names)


def test_recorded_nodelists_fold_back_to_themselves(shared_data: Path) -> None:
    """What a real slurmctld printed is what we print."""
    seen = 0
    with gzip.open(shared_data / "decisions" / "decisions_block.jsonl.gz", "rt") as lines:
        for line in lines:
            nodelist = json.loads(line)["outcome"]["nodelist"]
            if nodelist:
                assert fold(expand(nodelist)) == nodelist
                seen += 1
    assert seen > 1000
