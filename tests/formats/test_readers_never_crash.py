"""Whatever is in a configuration file, its reader returns or refuses it; nothing else happens."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.models.errors import InputError, ProblemLog
from rackwright.models.formats.resources_file import parse_resources
from rackwright.models.formats.slurm_config import parse_slurm_conf
from rackwright.models.formats.topology_bind import bind_topologies
from rackwright.models.formats.topology_file import parse_topology
from rackwright.models.hostlist import expand
from rackwright.models.node import Node
from rackwright.models.topology.checks import check_topology
from rackwright.models.topology.hierarchy import build_hierarchy

TEXTS = {
    "block": "- topology: t\n  block:\n    block_sizes: [2, 4]\n    blocks:\n"
    '      - {block: a, nodes: "n[1-2]"}\n      - {block: b, nodes: "n[3-4]"}\n',
    "ring": '- topology: t\n  ring: {rings: [{ring: r, nodes: "n[1-3]"}]}\n',
    "torus": "- topology: t\n  torus3d:\n    toruses:\n    - name: p\n"
    "      dims: {x: 2, y: 2, z: 1}\n"
    "      regions: [{anchor: {x: 0}, dims: {x: 2, y: 1, z: 1}, nodes: n1 n2}]\n"
    "      placements: [{dims: {x: 1, y: 1, z: 1}, anchor_spacing: {x: 2}}]\n",
    "tree": "SwitchName=a Nodes=n[1-2]\nSwitchName=b Nodes=n3\nSwitchName=c Switches=a,b\n",
    "conf": "BlockSizes=2,4\nBlockName=a Nodes=n[1-2]\nBlockName=b Nodes=n[3-4]\n",
    "live": "BlockName=a BlockIndex=0 Nodes=n1 BlockSize=1\nBlockName=b BlockIndex=2 BlockSize=1\n"
    "AggregatedBlock=a,b BlockIndex=3 Nodes=n1 BlockSize=2\n",
    "resources": "- resource: r\n  mode: MODE_3\n  variables: [{name: v, value: 2}]\n  layers:\n"
    '    - {nodes: "n[1-4]", count: 9, base: [{name: x, value: 1}]}\n'
    "    - {nodes: n1, count: 3}\n",
    "slurm": "NodeName=DEFAULT Weight=2\nNodeName=n[1-2] Gres=gpu:4 State=IDLE\n"
    "NodeSet=s Nodes=n1\nPartitionName=p Nodes=s Default=YES PriorityTier=1\n",
}
PIECES = st.sampled_from(
    [
        *' \n=:-[]{},0#~\t"\\é\0',
        *("", "-1", "99999999", "n[1-9999999]", "null", "true", "*a", "&a ", "!!x ", "block"),
    ]
)


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A valid text with a few pieces cut out, put in or doubled."""
    text = draw(st.sampled_from(sorted(TEXTS.values())))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(PIECES) + text[end if draw(st.booleans()) else start :]
    return text


def read_everything(text: str) -> None:
    with contextlib.suppress(InputError):
        file = parse_topology(text, ProblemLog("f"))
        names, topologies, _ = bind_topologies(file, ["n1", "n2", "n9"])
        for topology in topologies:
            check_topology(topology, [Node(name) for name in names])
            build_hierarchy(topology, names)
    with contextlib.suppress(InputError):
        parse_resources(text, expand("n[1-4]"), log=ProblemLog("f"))
    log = ProblemLog("f")
    parse_slurm_conf(text, log)


@given(broken())
def test_broken_files(text: str) -> None:
    read_everything(text)


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    read_everything(text)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_the_texts_before_they_are_broken(name: str) -> None:
    text = TEXTS[name]
    log = ProblemLog("f")
    if name == "resources":
        assert parse_resources(text, expand("n[1-4]"), log=log)
    elif name == "slurm":
        assert parse_slurm_conf(text, log).partitions
    else:
        assert parse_topology(text, log).specs
    assert not log.errors
