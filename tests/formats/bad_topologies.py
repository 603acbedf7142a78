"""Malformed topologies, each with what the user is told."""

from __future__ import annotations

from formats.bad_input_case import Case

CASES = (
    Case(
        "topology_missing_file",
        {},
        ("nowhere.yaml: cannot be read: No such file or directory",),
        {"topology": "nowhere.yaml"},
    ),
    Case(
        "topology_empty",
        {"topology.yaml": ""},
        ("topology.yaml: no topology; wanted a list of topologies",),
    ),
    Case(
        "topology_scalar",
        {"topology.yaml": "nodes\n"},
        ("topology.yaml: line 1: 'nodes'; wanted a list of topologies",),
    ),
    Case(
        "topology_unknown_key",
        {
            "topology.yaml": (
                "- topology: t\n"
                "  cluster_default: true\n"
                "  block:\n"
                "    block_sizez: [4, 8]\n"
                "    blocks:\n"
                '      - {block: b1, nodes: "n[01-04]"}\n'
                '      - {block: b2, nodes: "n[05-08]"}\n'
            )
        },
        (
            (
                "topology.yaml: line 4 ([0].block.block_sizez): unknown key 'block_sizez'; wanted"
                " one of block_sizes, blocks"
            ),
        ),
    ),
    Case(
        "topology_unbalanced",
        {"topology.yaml": ("- topology: t\n  block: {blocks: [\n")},
        (
            (
                "topology.yaml: line 3: not YAML: while parsing a flow node did not find expected"
                " node content"
            ),
        ),
    ),
    Case(
        "topology_duplicate_key",
        {"topology.yaml": ("- topology: t\n  topology: u\n  flat: true\n")},
        (
            (
                "topology.yaml: line 2: key 'topology' a second time (first on line 1); wanted ea"
                "ch key once"
            ),
        ),
    ),
    Case(
        "topology_alias_bomb",
        {
            "topology.yaml": (
                "a: &a [x,x,x,x,x,x,x,x,x]\n"
                "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                "c: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
            )
        },
        (
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 2: alias *a; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
            "topology.yaml: line 3: alias *b; wanted the value written out",
        ),
    ),
    Case(
        "topology_python_tag",
        {
            "topology.yaml": (
                "- topology: !!python/object/apply:os.system ['true']\n  flat: true\n"
            )
        },
        (
            (
                "topology.yaml: line 1: tag tag:yaml.org,2002:python/object/apply:os.system; want"
                "ed a plain value"
            ),
        ),
    ),
    Case(
        "topology_too_deep",
        {"topology.yaml": "- " * 60 + "x\n"},
        ("topology.yaml: line 1: nested deeper than 40 levels",),
    ),
    Case(
        "topology_two_kinds",
        {
            "topology.yaml": (
                "- topology: t\n  flat: true\n  block: {blocks: [{block: b, nodes: n1}]}\n"
            )
        },
        (
            (
                "topology.yaml: line 1 ([0]): block and flat in one topology; wanted one of block"
                ", flat, ring, torus3d, tree"
            ),
        ),
    ),
    Case(
        "topology_bad_block_size",
        {
            "topology.yaml": (
                "- topology: t\n"
                "  cluster_default: true\n"
                "  block:\n"
                "    block_sizes: [4, 12]\n"
                "    blocks:\n"
                '      - {block: b1, nodes: "n[01-04]"}\n'
                '      - {block: b2, nodes: "n[05-08]"}\n'
            )
        },
        (
            (
                "topology.yaml: line 4 ([0].block.block_sizes): block size 12 in [4, 12]; wanted "
                "the base size first, then base size times powers of two up to 2^15"
            ),
        ),
    ),
    Case(
        "topology_million_nodes",
        {
            "topology.yaml": (
                "- topology: t\n"
                "  cluster_default: true\n"
                "  block:\n"
                "    block_sizes: [4, 8]\n"
                "    blocks:\n"
                '      - {block: b1, nodes: "n[01-04]"}\n'
                '      - {block: b2, nodes: "n[1-1000000]"}\n'
            )
        },
        (
            (
                "topology.yaml: line 7 ([0].block.blocks[1].nodes): range longer than 65536: '1-1"
                "000000'; wanted a hostlist such as n[001-018]"
            ),
        ),
    ),
    Case(
        "topology_unclosed_bracket",
        {
            "topology.yaml": (
                "- topology: t\n"
                "  cluster_default: true\n"
                "  block:\n"
                "    block_sizes: [4, 8]\n"
                "    blocks:\n"
                '      - {block: b1, nodes: "n[01-04]"}\n'
                '      - {block: b2, nodes: "n[05-08"}\n'
            )
        },
        (
            (
                "topology.yaml: line 7 ([0].block.blocks[1].nodes): unclosed bracket: 'n[05-08'; "
                "wanted a hostlist such as n[001-018]"
            ),
        ),
    ),
    Case(
        "topology_duplicate_block",
        {
            "topology.yaml": (
                "- topology: t\n"
                "  cluster_default: true\n"
                "  block:\n"
                "    block_sizes: [4, 8]\n"
                "    blocks:\n"
                '      - {block: b1, nodes: "n[01-04]"}\n'
                '      - {block: b1, nodes: "n[05-08]"}\n'
            )
        },
        (
            (
                "topology.yaml: line 7 ([0].block.blocks[1]): block 'b1' a second time; wanted ea"
                "ch name once"
            ),
        ),
    ),
    Case(
        "topology_ring_of_17",
        {
            "topology.yaml": (
                '- topology: t\n  ring:\n    rings:\n      - {ring: r, nodes: "n[1-17]"}\n'
            )
        },
        (("topology.yaml: line 4 ([0].ring.rings[0]): ring 'r' has 17 nodes; wanted at most 16"),),
    ),
    Case(
        "topology_torus_dims",
        {
            "topology.yaml": (
                "- topology: t\n"
                "  torus3d:\n"
                "    toruses:\n"
                "      - name: x\n"
                "        dims: {x: 2, y: 2, z: 2}\n"
                '        nodes: "n[1-7]"\n'
            )
        },
        (
            (
                "topology.yaml: line 6 ([0].torus3d.toruses[0].nodes): 7 nodes for 2x2x2 = 8 cell"
                "s; wanted a node for every cell"
            ),
        ),
    ),
    Case(
        "topology_tree_cycle",
        {
            "topology.yaml": (
                "- topology: t\n"
                "  tree:\n"
                "    switches:\n"
                "      - {switch: a, children: b}\n"
                "      - {switch: b, children: a}\n"
            )
        },
        (
            (
                "topology.yaml: line 4 ([0].tree.switches[0]): a,b: a cycle, or more than 20 leve"
                "ls; wanted a tree"
            ),
        ),
    ),
    Case(
        "topology_not_utf8",
        {"topology.yaml": b"- topology: \xff\n"},
        ("topology.yaml: line 1: byte 0xff is not UTF-8; wanted UTF-8 text",),
    ),
    Case(
        "topology_nul",
        {"topology.yaml": b"- topology: t\x00\n"},
        ("topology.yaml: line 1: a NUL character; wanted a text file",),
    ),
    Case(
        "topology_broken_gzip",
        {"topology.yaml": b"\x1f\x8bxx"},
        (
            (
                "topology.yaml: broken gzip data (Compressed file ended before the end-of-stream "
                "marker was reached); wanted a complete file"
            ),
        ),
    ),
    Case(
        "conf_unknown_key",
        {"topology.conf": "BlockName=b1 Node=n[1-4]\n"},
        (
            (
                "topology.conf: line 1 (BlockName=b1): unknown key 'node'; wanted one of blocknam"
                "e, nodes"
            ),
        ),
        {"topology": "topology.conf"},
    ),
    Case(
        "conf_no_key_value",
        {"topology.conf": ("BlockName=b1 Nodes=n[1-4]\nBlockSizes\n")},
        ("topology.conf: line 2: 'BlockSizes' cannot be read; wanted Key=Value",),
        {"topology": "topology.conf"},
    ),
    Case(
        "conf_bad_size",
        {"topology.conf": ("BlockName=b1 Nodes=n[1-4]\nBlockSizes=4,0x8\n")},
        ("topology.conf: line 2: BlockSizes value '0x8'; wanted a whole number of nodes",),
        {"topology": "topology.conf"},
    ),
    Case(
        "conf_mixed",
        {"topology.conf": ("BlockName=b1 Nodes=n[1-4]\nSwitchName=s1 Nodes=n[1-4]\n")},
        (
            (
                "topology.conf: line 2: block and tree lines in one file; wanted one kind of topo"
                "logy"
            ),
        ),
        {"topology": "topology.conf"},
    ),
)
