"""Malformed CSV tables and sbatch scripts, each with what the user is told."""

from __future__ import annotations

from formats.bad_input_case import Case

CASES = (
    Case(
        "nodes_csv_empty",
        {"nodes.csv": ""},
        ("nodes.csv: an empty file; wanted a header line with node, state",),
        {"nodes": ["nodes.csv"]},
    ),
    Case(
        "nodes_csv_header",
        {"nodes.csv": ("name,status\nn01,idle\n")},
        (
            (
                "nodes.csv: line 1: unknown column 'name'; wanted one of node, state, partitions,"
                " features, weight, gpus, power_w, clique"
            ),
            (
                "nodes.csv: line 1: unknown column 'status'; wanted one of node, state, partition"
                "s, features, weight, gpus, power_w, clique"
            ),
            "nodes.csv: line 1: no column node; wanted columns node, state",
            "nodes.csv: line 1: no column state; wanted columns node, state",
        ),
        {"nodes": ["nodes.csv"]},
    ),
    Case(
        "nodes_csv_state",
        {"nodes.csv": ("node,state\nn01,sleepy\nn02,idle*\n")},
        ("nodes.csv: line 2, state: 'sleepy'; wanted a node state of Slurm, such as idle",),
        {"nodes": ["nodes.csv"]},
    ),
    Case(
        "nodes_csv_twice",
        {"nodes.csv": ("node,state\nn[01-02],idle\nn02,down\n")},
        (("nodes.csv: line 3: node n02 a second time (first on line 2); wanted each node once"),),
        {"nodes": ["nodes.csv"]},
    ),
    Case(
        "nodes_csv_numbers",
        {"nodes.csv": ("node,state,weight,gpus,power_w\nn01,idle,-1,4.5,6 kW\n")},
        (
            "nodes.csv: line 2, weight: '-1'; wanted a whole number from 0 to 4294967294",
            "nodes.csv: line 2, gpus: '4.5'; wanted a whole number from 0 to 1024",
            "nodes.csv: line 2, power_w: '6 kW'; wanted a whole number from 0 to 10000000",
        ),
        {"nodes": ["nodes.csv"]},
    ),
    Case(
        "nodes_csv_cells",
        {"nodes.csv": ("node,state,gpus\nn01,idle\n")},
        ("nodes.csv: line 2: 2 cells; wanted 3, as in the header",),
        {"nodes": ["nodes.csv"]},
    ),
    Case(
        "nodes_csv_quotes",
        {"nodes.csv": ('node,state\n"n01"x,idle\n')},
        (
            (
                "nodes.csv: line 2: not CSV: ',' expected after '\"'; wanted cells quoted as in RF"
                "C 4180"
            ),
        ),
        {"nodes": ["nodes.csv"]},
    ),
    Case(
        "nodes_csv_million",
        {"nodes.csv": ("node,state\nn[0000000-0999999],idle\n")},
        (
            (
                "nodes.csv: line 2, node: range longer than 65536: '0000000-0999999'; wanted a no"
                "de name or hostlist"
            ),
        ),
        {"nodes": ["nodes.csv"]},
    ),
    Case(
        "jobs_csv_empty",
        {"jobs.csv": ("\n\n")},
        ("jobs.csv: an empty file; wanted a header line with job_id",),
        {"jobs": ["jobs.csv"]},
    ),
    Case(
        "jobs_csv_columns",
        {"jobs.csv": ("job_id,nodes,nodes,size\n1,2,2,3\n")},
        (
            "jobs.csv: line 1: column nodes a second time; wanted each column once",
            (
                "jobs.csv: line 1: unknown column 'size'; wanted one of job_id, nodes, gpus, gpus"
                "_per_node, segment, spread_segments, consolidate_segments, exclusive, switches, "
                "contiguous, partition, nodelist, exclude, features, licenses, power_w, time_limi"
                "t, submit, start, priority, weight, user, account, name, comment, state"
            ),
        ),
        {"jobs": ["jobs.csv"]},
    ),
    Case(
        "jobs_csv_no_id",
        {"jobs.csv": ("nodes\n2\n")},
        ("jobs.csv: line 1: no column job_id; wanted columns job_id",),
        {"jobs": ["jobs.csv"]},
    ),
    Case(
        "jobs_csv_many",
        {"jobs.csv": ("job_id,nodes,segment,contiguous\n1,two,,\n2,4,3,\n3,4,,2\n,1,,\n4,1\n")},
        (
            (
                "jobs.csv: line 2, job 1, nodes: 'two'; wanted a count from 1 to 10000000 or a ra"
                "nge a-b"
            ),
            (
                "jobs.csv: line 3, job 2, segment: 3 does not divide the job's 4 nodes; wanted a "
                "segment size that divides nodes"
            ),
            "jobs.csv: line 4, job 3, contiguous: '2'; wanted true, false, 1, 0, yes or no",
            "jobs.csv: line 5: no job_id; wanted an identifier of its own for every job",
            "jobs.csv: line 6: 2 cells; wanted 4, as in the header",
        ),
        {"jobs": ["jobs.csv"]},
    ),
    Case(
        "jobs_csv_open_quote",
        {"jobs.csv": ('job_id,nodes\n"1,2\n')},
        (
            (
                "jobs.csv: line 2: not CSV: unexpected end of data; wanted cells quoted as in RFC"
                " 4180"
            ),
        ),
        {"jobs": ["jobs.csv"]},
    ),
    Case(
        "jobs_csv_huge_cell",
        {"jobs.csv": "job_id,nodes\n" + "9" * 200_000 + ",1\n"},
        (
            (
                "jobs.csv: line 2: not CSV: field larger than field limit (131072); wanted cells "
                "quoted as in RFC 4180"
            ),
        ),
        {"jobs": ["jobs.csv"]},
    ),
    Case(
        "sbatch_no_shebang",
        {"train.sh": ("#SBATCH -N 4\nsrun x\n")},
        ("train.sh: line 1: '#SBATCH -N 4'; wanted #! and an interpreter",),
        {"jobs": ["train.sh"]},
    ),
    Case(
        "sbatch_quotes",
        {"train.sh": ('#!/bin/sh\n#SBATCH --comment="x\nsrun x\n')},
        ('train.sh: line 2: unbalanced "; wanted balanced quotes',),
        {"jobs": ["train.sh"]},
    ),
    Case(
        "sbatch_missing_value",
        {"train.sh": ("#!/bin/sh\n#SBATCH -N\n#SBATCH --contiguous=yes\n")},
        (
            "train.sh: line 2, --nodes: no value; wanted a value",
            "train.sh: line 3, --contiguous: 'yes'; wanted no value",
        ),
        {"jobs": ["train.sh"]},
    ),
    Case(
        "sbatch_values",
        {
            "train.sh": (
                "#!/bin/sh\n#SBATCH -N many -t 1:2:3:4 --gpus=few\n#SBATCH --exclusive=all\n"
            )
        },
        (
            "train.sh: line 2, --gpus: 'few'; wanted a count or type:count",
            (
                "train.sh: line 2, --nodes: 'many'; wanted a count from 1 to 10000000 or a range "
                "a-b"
            ),
            (
                "train.sh: line 2, --time: '1:2:3:4' is no time limit; wanted minutes, MM:SS, HH:"
                "MM:SS, D-HH, D-HH:MM, D-HH:MM:SS or UNLIMITED"
            ),
            "train.sh: line 3, --exclusive: 'all'; wanted topo, node or null",
        ),
        {"jobs": ["train.sh"]},
    ),
    Case(
        "sbatch_segment",
        {"train.sh": ("#!/bin/sh\n#SBATCH -N 6 --segment=4\n")},
        (
            (
                "train.sh: job train, segment: 4 does not divide the job's 6 nodes; wanted a segm"
                "ent size that divides nodes"
            ),
        ),
        {"jobs": ["train.sh"]},
    ),
    Case(
        "sbatch_hetjob",
        {"train.sh": ("#!/bin/sh\n#SBATCH -N 1\n#SBATCH hetjob\n#SBATCH -N 2\n")},
        ("train.sh: line 3: a heterogeneous job (hetjob); wanted one job per script",),
        {"jobs": ["train.sh"]},
    ),
    Case(
        "sbatch_array",
        {"train.sh": ("#!/bin/sh\n#SBATCH -N 1 --array=0-9:0\n")},
        (
            (
                "train.sh: job train, --array: '0-9:0'; wanted task numbers such as 0-15 or 1,3,5"
                "-7:2%4"
            ),
        ),
        {"jobs": ["train.sh"]},
    ),
    Case(
        "sbatch_array_huge",
        {"train.sh": ("#!/bin/sh\n#SBATCH -N 1 --array=0-4000000\n")},
        (
            (
                "train.sh: job train, --array: '0-4000000': more than 100000 tasks; wanted task n"
                "umbers such as 0-15 or 1,3,5-7:2%4"
            ),
        ),
        {"jobs": ["train.sh"]},
    ),
)
