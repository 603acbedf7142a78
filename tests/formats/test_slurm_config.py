"""Nodes and partitions of slurm.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackwright.models.errors import InputError, ProblemLog
from rackwright.models.formats.slurm_config import SlurmConfig, parse_slurm_conf, read_slurm_conf
from rackwright.models.node import Node


def parse(text: str) -> SlurmConfig:
    log = ProblemLog("f")
    config = parse_slurm_conf(text, log)
    log.raise_errors()
    return config


def test_defaults_accumulate_as_in_slurm() -> None:
    config = parse(
        """\
ClusterName=c
TopologyParam=Dragonfly,TopoOptional
NodeName=DEFAULT Weight=60 Gres=gpu:gb200:4
nodename=n[1-2] Feature=a,b State=UNKNOWN
NodeName=DEFAULT Weight=70
NodeName=n3 Weight=5 Features=c State=DOWN
NodeName=n4
NodeSet=fast Feature=a
PartitionName=DEFAULT PriorityTier=3 State=UP
PartitionName=all Nodes=ALL Default=YES
PartitionName=some Nodes=fast,n4 Exclusive=TOPO Topology=t1 PriorityTier=9
PartitionName=old Nodes=n[1-2] ExclusiveTopo=YES State=DOWN
"""
    )
    everything = ("all", "some", "old")
    assert config.nodes == {
        "n1": Node("n1", frozenset(), everything, frozenset({"a", "b"}), 60, 4),
        "n2": Node("n2", frozenset(), everything, frozenset({"a", "b"}), 60, 4),
        "n3": Node("n3", frozenset({"DOWN"}), ("all",), frozenset({"c"}), 5, 4),
        "n4": Node("n4", frozenset(), ("all", "some"), frozenset(), 70, 4),
    }
    some = config.partitions["some"]
    assert (some.topology, some.is_exclusive_topo, some.priority_tier) == ("t1", True, 9)
    assert [part.is_default for part in config.partitions.values()] == [True, False, False]
    assert [part.priority_tier for part in config.partitions.values()] == [3, 9, 3]
    assert config.partitions["old"].is_exclusive_topo
    assert config.closed_partitions == {"old"}
    assert config.is_dragonfly
    assert not config.ranks_by_topology


def test_include_is_warned_about() -> None:
    (warning,) = parse("NodeName=n1\nInclude more.conf\n").warnings
    assert str(warning) == (
        "f: line 2: Include 'more.conf' is not followed; "
        "wanted its NodeName and PartitionName lines here"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NodeName=n[1-", "f: line 1 (NodeName=n[1-): unclosed bracket: 'n[1-'"),
        ("NodeName=n1\nNodeName=n[1-2]", "f: line 2 (NodeName=n[1-2]): node n1 a second time"),
        ("NodeName=n1 State=SLEEPY", "State 'SLEEPY'; wanted a node state of Slurm"),
        ("NodeName=n1 Weight=many", "weight is 'many'; wanted a whole number from 0 to"),
        ("PartitionName=p\nPartitionName=p", "partition 'p' a second time"),
        ("PartitionName=p Nodes=n1", "unknown node 'n1'; wanted a NodeName of this file"),
        ("PartitionName=p Default=perhaps", "default is 'perhaps'; wanted YES or NO"),
        ("PartitionName=p State=OPEN", "State 'OPEN'; wanted one of DOWN, DRAIN, INACTIVE, UP"),
        ("PartitionName=p PriorityTier=70000", "prioritytier is '70000'; wanted a whole number"),
        ("NodeName=n1 Weight", "f: line 1: 'Weight' cannot be read; wanted Key=Value"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("file", "num_nodes", "gpus", "partitions"),
    [
        ("slurm_files/slurm.conf", 288, 4, {"batch": 1, "debug": 2, "low": 0}),
        ("slurm_files/sacct/slurm.conf", 48, 4, {"batch": 1, "debug": 5}),
        (
            "topologies/no_licence/ubhpc_nodes_partitions.conf",
            217,
            0,
            {"general-compute": 100, "debug": 700},
        ),
    ],
)
def test_real_files(
    shared_data: Path, file: str, num_nodes: int, gpus: int, partitions: dict[str, int]
) -> None:
    config = read_slurm_conf(shared_data / file)
    assert len(config.nodes) == num_nodes
    assert next(iter(config.nodes.values())).gpus == gpus
    tiers = {name: part.priority_tier for name, part in config.partitions.items()}
    assert tiers == partitions
    assert all(node.is_usable for node in config.nodes.values())
