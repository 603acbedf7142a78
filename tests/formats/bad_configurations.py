"""Malformed slurm.conf and resources, each with what the user is told."""

from __future__ import annotations

from formats.bad_input_case import Case

CASES = (
    Case(
        "slurm_conf_bad_tier",
        {"slurm.conf": ("NodeName=n[01-08]\nPartitionName=p Nodes=ALL PriorityTier=high\n")},
        (
            (
                "slurm.conf: line 2 (PartitionName=p): prioritytier is 'high'; wanted a whole num"
                "ber from 0 to 65535"
            ),
        ),
        {"slurm_conf": "slurm.conf"},
    ),
    Case(
        "slurm_conf_unknown_node",
        {"slurm.conf": ("NodeName=n[01-08]\nPartitionName=p Nodes=n[07-09]\n")},
        (
            (
                "slurm.conf: line 2 (PartitionName=p): unknown node 'n09'; wanted a NodeName of t"
                "his file"
            ),
        ),
        {"slurm_conf": "slurm.conf"},
    ),
    Case(
        "slurm_conf_unknown_topology",
        {"slurm.conf": ("NodeName=n[01-08]\nPartitionName=p Nodes=ALL Topology=u\n")},
        ("partitions: partition p: unknown topology 'u'; wanted one of t",),
        {"slurm_conf": "slurm.conf"},
    ),
    Case(
        "resources_bad_mode",
        {
            "resources.yaml": (
                "- resource: power\n"
                "  mode: MODE_4\n"
                "  layers:\n"
                '    - {nodes: ["n[01-08]"], count: 20}\n'
            )
        },
        (("resources.yaml: line 2 ([0].mode): mode 'MODE_4'; wanted MODE_1, MODE_2 or MODE_3"),),
        {"resources": ["resources.yaml"]},
    ),
    Case(
        "resources_base_over_count",
        {
            "resources.yaml": (
                "- resource: power\n"
                "  mode: MODE_3\n"
                "  layers:\n"
                '    - {nodes: ["n[01-08]"], count: 20, base: [{name: c, value: 21}]}\n'
            )
        },
        (
            (
                "resources.yaml: line 4 ([0].layers[0]): base 21 of layer n[01-08] exceeds its co"
                "unt 20; wanted base values, with those below, up to the count"
            ),
        ),
        {"resources": ["resources.yaml"]},
    ),
    Case(
        "resources_unknown_node",
        {
            "resources.yaml": (
                "- resource: power\n"
                "  mode: MODE_3\n"
                "  layers:\n"
                '    - {nodes: ["n[01-09]"], count: 20}\n'
            )
        },
        (
            (
                "resources.yaml: line 4 ([0].layers[0].nodes): unknown nodes n09; wanted nodes of"
                " the cluster"
            ),
        ),
        {"resources": ["resources.yaml"]},
    ),
    Case(
        "resources_no_layers",
        {"resources.yaml": "- {resource: power, mode: MODE_1}\n"},
        ("resources.yaml: line 1 ([0]): no layers; wanted at least one layer",),
        {"resources": ["resources.yaml"]},
    ),
    Case(
        "resources_two_roots",
        {
            "resources.yaml": (
                "- resource: power\n"
                "  mode: MODE_3\n"
                "  layers:\n"
                '    - {nodes: ["n[01-04]"], count: 9}\n'
                '    - {nodes: ["n[05-08]"], count: 9}\n'
            )
        },
        (
            (
                "resources.yaml: line 5 ([0].layers[1]): layer n[05-08] is not inside n[01-04], t"
                "he largest layer; wanted one layer around all others (MODE_3)"
            ),
        ),
        {"resources": ["resources.yaml"]},
    ),
    Case(
        "resources_same_name_in_two_files",
        {
            "resources.yaml": (
                "- resource: power\n"
                "  mode: MODE_3\n"
                "  layers:\n"
                '    - {nodes: ["n[01-08]"], count: 20}\n'
            ),
            "power.yaml": (
                "- resource: power\n"
                "  unit: W\n"
                "  mode: MODE_3\n"
                "  layers:\n"
                '    - {nodes: ["n[01-08]"], count: 20}\n'
            ),
        },
        (
            (
                "power.yaml: resource 'power' a second time (first in resources.yaml); wanted eac"
                "h name once"
            ),
        ),
        {"resources": ["resources.yaml", "power.yaml"]},
    ),
    Case(
        "power_unit",
        {
            "power.yaml": (
                "- resource: power\n"
                "  unit: kW\n"
                "  mode: MODE_3\n"
                "  layers:\n"
                '    - {nodes: ["n[01-08]"], count: 20}\n'
            )
        },
        ("power.yaml: line 2 ([0].unit): unit 'kW'; wanted W",),
        {"resources": ["power.yaml"]},
    ),
)
