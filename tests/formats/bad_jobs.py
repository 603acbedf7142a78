"""Malformed job files and options, each with what the user is told."""

from __future__ import annotations

from formats.bad_input_case import Case

CASES = (
    Case(
        "jobs_yaml_text",
        {"jobs.yaml": "hello\n"},
        ("jobs.yaml: line 1: 'hello'; wanted a list of jobs",),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_yaml_not_mapping",
        {"jobs.yaml": ("- 17\n- [1]\n")},
        (
            "jobs.yaml: line 1, jobs[0]: '17'; wanted a mapping of job keys",
            "jobs.yaml: line 2, jobs[1]: a list; wanted a mapping of job keys",
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_yaml_unknown_key",
        {"jobs.yaml": "- {job_id: 1, nodes: 2, segmnt: 2}\n"},
        (
            (
                "jobs.yaml: line 1, job 1: unknown key 'segmnt'; wanted one of job_id, nodes, gpu"
                "s, gpus_per_node, segment, spread_segments, consolidate_segments, exclusive, swi"
                "tches, contiguous, partition, nodelist, exclude, features, licenses, power_w, ti"
                "me_limit, submit, start, priority, weight, user, account, name, comment, state"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_yaml_no_id_no_nodes",
        {"jobs.yaml": "- {segment: 2}\n"},
        (
            (
                "jobs.yaml: line 1, jobs[0]: no job_id; wanted an identifier of its own for every"
                " job"
            ),
            "jobs.yaml: line 1, jobs[0]: neither nodes nor gpus; wanted one of them",
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_yaml_duplicate_key",
        {"jobs.yaml": ("- job_id: 1\n  nodes: 2\n  nodes: 3\n")},
        (
            (
                "jobs.yaml: line 3: key 'nodes' a second time (first on line 2); wanted each key "
                "once"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_yaml_alias_bomb",
        {"jobs.yaml": ("- &a {job_id: 1, nodes: 1}\n- *a\n- *a\n")},
        (
            "jobs.yaml: line 2: alias *a; wanted the value written out",
            "jobs.yaml: line 3: alias *a; wanted the value written out",
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_yaml_many_errors",
        {
            "jobs.yaml": (
                "- job_id: 1\n"
                "  nodes: 0\n"
                "  segment: -1\n"
                "  spread_segments: maybe\n"
                "  priority: 1e9\n"
                "- job_id: 2\n"
                "  nodes: 8-4\n"
                "  exclusive: everything\n"
            )
        },
        (
            (
                "jobs.yaml: line 1, job 1, nodes: '0'; wanted a count from 1 to 10000000 or a ran"
                "ge a-b"
            ),
            (
                "jobs.yaml: line 1, job 1, segment: '-1'; wanted a whole number from 0 (none) to "
                "65533"
            ),
            (
                "jobs.yaml: line 1, job 1, spread_segments: 'maybe'; wanted true, false, 1, 0, ye"
                "s or no"
            ),
            (
                "jobs.yaml: line 1, job 1, priority: '1e9'; wanted a whole number from 0 to 42949"
                "67295"
            ),
            (
                "jobs.yaml: line 6, job 2, nodes: '8-4'; wanted a count from 1 to 10000000 or a r"
                "ange a-b"
            ),
            "jobs.yaml: line 6, job 2, exclusive: 'everything'; wanted topo, node or null",
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_yaml_nested_value",
        {"jobs.yaml": ("- job_id: 1\n  nodes: {min: 1}\n  time_limit: [1]\n")},
        (
            (
                "jobs.yaml: line 1, job 1, nodes: {'min': '1'}; wanted a count from 1 to 10000000"
                " or a range a-b"
            ),
            (
                "jobs.yaml: line 1, job 1, time_limit: ['1']; wanted minutes, MM:SS, HH:MM:SS, D-"
                "HH, D-HH:MM, D-HH:MM:SS or UNLIMITED"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_segment_not_dividing",
        {"jobs.yaml": "- {job_id: 1, nodes: 6, segment: 4}\n"},
        (
            (
                "jobs.yaml: line 1, job 1, segment: 4 does not divide the job's 6 nodes; wanted a"
                " segment size that divides nodes"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_unknown_names",
        {
            "jobs.yaml": (
                '- {job_id: 1, nodes: 1, partition: gpu, nodelist: "n[08-10]", exclude: m1}\n'
            )
        },
        (
            (
                "jobs.yaml: line 1, job 1, partition: unknown partition 'gpu'; wanted one of defa"
                "ult"
            ),
            (
                "jobs.yaml: line 1, job 1, nodelist: unknown nodes n[09-10]; wanted nodes of the "
                "cluster"
            ),
            "jobs.yaml: line 1, job 1, exclude: unknown nodes m1; wanted nodes of the cluster",
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_listed_and_excluded",
        {"jobs.yaml": '- {job_id: 1, nodes: 1, nodelist: n01, exclude: "n[01-02]"}\n'},
        ("jobs.yaml: line 1, job 1, exclude: n01 is in nodelist too; wanted disjoint lists",),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_running_without_nodelist",
        {"jobs.yaml": "- {job_id: 1, nodes: 1, state: RUNNING}\n"},
        (
            (
                "jobs.yaml: line 1, job 1, state: running without nodelist; wanted the nodes that"
                " the job holds"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_same_id_in_two_files",
        {"jobs.yaml": "- {job_id: 7, nodes: 1}\n", "more.csv": ("job_id,nodes\n7,1\n")},
        (
            (
                "more.csv: line 2, job 7: job 7 a second time (first in jobs.yaml, line 1, job 7)"
                "; wanted each job once"
            ),
        ),
        {"jobs": ["jobs.yaml", "more.csv"]},
    ),
    Case(
        "jobs_gpus_unknown_node",
        {"jobs.yaml": "- {job_id: 1, gpus: 8}\n"},
        (
            (
                "jobs.yaml: line 1, job 1, gpus: 8 GPUs, but no file says one number of GPUs for "
                "all nodes; wanted gpus_per_node, nodes, a node file with gpus, or --profile"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_gpus_too_many",
        {
            "jobs.yaml": (
                "- {job_id: 1, gpus: 64, nodes: 2, gpus_per_node: 4}\n"
                "- {job_id: 2, nodes: 1, gpus_per_node: 8}\n"
            )
        },
        (
            (
                "jobs.yaml: line 1, job 1, gpus: 64 GPUs need 16 nodes, nodes says 2; wanted gpus"
                " that fit on the nodes"
            ),
            "jobs.yaml: line 2, job 2, gpus_per_node: 8; wanted at most 4, the GPUs of a node",
        ),
        {"jobs": ["jobs.yaml"], "profile": "gb200-nvl72"},
    ),
    Case(
        "jobs_features",
        {
            "jobs.yaml": (
                '- {job_id: 1, nodes: 1, features: "a&(b"}\n'
                '- {job_id: 2, nodes: 1, features: "[a|b]"}\n'
            )
        },
        (
            (
                "jobs.yaml: line 1, job 1, features: unbalanced parenthesis in constraint; wanted"
                " feature names joined by & and |, with parentheses"
            ),
            (
                "jobs.yaml: line 2, job 2, features: unsupported '[' in constraint '[a|b]'; wante"
                "d feature names joined by & and |, with parentheses"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_licenses",
        {
            "jobs.yaml": (
                '- {job_id: 1, nodes: 1, licenses: "power:-1"}\n'
                '- {job_id: 2, nodes: 1, licenses: "power:full"}\n'
                '- {job_id: 3, nodes: 1, licenses: "a|b"}\n'
            ),
            "resources.yaml": (
                "- resource: power\n"
                "  mode: MODE_3\n"
                "  layers:\n"
                '    - {nodes: ["n[01-08]"], count: 20}\n'
            ),
        },
        (
            ("jobs.yaml: line 1, job 1, licenses: 'power:-1'; wanted name:count[,name:count...]"),
            (
                "jobs.yaml: line 2, job 2, licenses: unknown variable 'full' of power (there are:"
                " none); wanted counts or variables of resources.yaml, and at most one MODE_3 res"
                "ource"
            ),
            (
                "jobs.yaml: line 3, job 3, licenses: 'a|b': licences joined by | (one of several)"
                " are not supported; wanted name:count[,name:count...]"
            ),
        ),
        {"jobs": ["jobs.yaml"], "resources": ["resources.yaml"]},
    ),
    Case(
        "jobs_times",
        {
            "jobs.yaml": (
                '- {job_id: 1, nodes: 1, time_limit: 1-, submit: yesterday, start: "2026-13-01"}\n'
            )
        },
        (
            (
                "jobs.yaml: line 1, job 1, time_limit: '1-' is no time limit; wanted minutes, MM:"
                "SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS or UNLIMITED"
            ),
            (
                "jobs.yaml: line 1, job 1, submit: 'yesterday' is no date and time; wanted YYYY-M"
                "M-DD[THH:MM[:SS]], seconds since the epoch, HH:MM, now[+N[unit]] or Unknown"
            ),
            (
                "jobs.yaml: line 1, job 1, start: '2026-13-01' is no date and time; wanted YYYY-M"
                "M-DD[THH:MM[:SS]], seconds since the epoch, HH:MM, now[+N[unit]] or Unknown"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_switches",
        {
            "jobs.yaml": (
                "- {job_id: 1, nodes: 1, switches: 0}\n- {job_id: 2, nodes: 1, switches: 1@soon}\n"
            )
        },
        (
            (
                "jobs.yaml: line 1, job 1, switches: '0'; wanted a count or count@time, such as 2"
                "@00:10:00"
            ),
            (
                "jobs.yaml: line 2, job 2, switches: 'soon' is no time limit; wanted a count or c"
                "ount@time, such as 2@00:10:00"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_hostile_text",
        {"jobs.yaml": '- {job_id: "a\\nb", nodes: 1, name: "\\x1b[2Jrm -rf"}\n'},
        (
            (
                "jobs.yaml: line 1, jobs[0], job_id: 'a\\nb'; wanted a text or number of at most 2"
                "56 characters"
            ),
            (
                "jobs.yaml: line 1, jobs[0], name: '\\x1b[2Jrm -rf'; wanted a text of at most 4096"
                " characters without control characters"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "jobs_hostlist_million",
        {"jobs.yaml": '- {job_id: 1, nodes: 1, exclude: "n[0-999][0-999]"}\n'},
        (
            (
                "jobs.yaml: line 1, job 1, exclude: more than 262144 names: 'n[0-999][0-999]'; wa"
                "nted a hostlist such as n[01-18]"
            ),
        ),
        {"jobs": ["jobs.yaml"]},
    ),
    Case(
        "unavailable_unknown",
        {},
        ("--unavailable: unknown nodes n09; wanted nodes of the topology or node file",),
        {"unavailable": ["n[07-09]"]},
    ),
    Case(
        "unavailable_malformed",
        {},
        (
            "--unavailable: reversed range: '3-1'; wanted a hostlist such as n[01-18]",
            (
                "--unavailable: not a number or range 'a' in the brackets of: 'n[a]'; wanted a ho"
                "stlist such as n[01-18]"
            ),
        ),
        {"unavailable": ["n[3-1]", "n[a]"]},
    ),
    Case(
        "unavailable_million",
        {},
        (
            (
                "--unavailable: range longer than 65536: '0000001-1000000'; wanted a hostlist suc"
                "h as n[01-18]"
            ),
        ),
        {"unavailable": ["n[0000001-1000000]"]},
    ),
    Case(
        "profile_unknown",
        {},
        (
            (
                "--profile: unknown node profile 'h100': there are gb200-nvl72, gb300-nvl72, vera"
                "-rubin-nvl72, rubin-nvl8"
            ),
        ),
        {"profile": "h100"},
    ),
    Case(
        "several_files_at_once",
        {"jobs.yaml": "- {job_id: 1, nodes: 0}\n", "jobs.csv": ("job_id,nodes\n2,x\n")},
        (
            (
                "jobs.yaml: line 1, job 1, nodes: '0'; wanted a count from 1 to 10000000 or a ran"
                "ge a-b"
            ),
            (
                "jobs.csv: line 2, job 2, nodes: 'x'; wanted a count from 1 to 10000000 or a rang"
                "e a-b"
            ),
            "--unavailable: unknown nodes m1; wanted nodes of the topology or node file",
        ),
        {"jobs": ["jobs.yaml", "jobs.csv"], "unavailable": ["m1"]},
    ),
)
