"""Malformed JSON of Slurm's commands, each with what the user is told."""

from __future__ import annotations

from formats.bad_input_case import Case

CASES = (
    Case(
        "nodes_json_truncated",
        {"nodes.json": ('{\n  "nodes": [\n    {"name": "n01", "state": ["ID')},
        (
            (
                "nodes.json: line 3, column 31 (byte 45): the file ends too early (unterminated s"
                "tring); wanted a complete JSON file"
            ),
        ),
        {"nodes": ["nodes.json"]},
    ),
    Case(
        "nodes_json_no_nodes",
        {"nodes.json": '{"jobs": []}'},
        (
            (
                "nodes.json: neither nodes nor sinfo; wanted the output of scontrol show nodes --"
                "json or sinfo --json"
            ),
        ),
        {"nodes": ["nodes.json"]},
    ),
    Case(
        "nodes_json_state_type",
        {"nodes.json": '{"nodes": [{"name": "n01", "state": 3}]}'},
        ("nodes.json: nodes[0].state: 3; wanted state words",),
        {"nodes": ["nodes.json"]},
    ),
    Case(
        "nodes_json_no_name",
        {"nodes.json": '{"nodes": [{"state": ["IDLE"]}, 7]}'},
        (
            "nodes.json: nodes[0].name: no node name; wanted a node name",
            "nodes.json: nodes[1]: 7; wanted an object",
        ),
        {"nodes": ["nodes.json"]},
    ),
    Case(
        "nodes_json_list",
        {"nodes.json": '[{"name": "n01"}]'},
        (
            (
                "nodes.json: line 1, column 1 (byte 0): not JSON: expecting an object; wanted a c"
                "omplete JSON file"
            ),
        ),
        {"nodes": ["nodes.json"]},
    ),
    Case(
        "nodes_json_trailing",
        {"nodes.json": '{"nodes": []} slurm_load_node error'},
        (
            (
                "nodes.json: line 1, column 15 (byte 14): not JSON: something after the end; want"
                "ed a complete JSON file"
            ),
        ),
        {"nodes": ["nodes.json"]},
    ),
    Case(
        "nodes_json_deep",
        {"nodes.json": '{"nodes": ' + "[" * 100_000},
        (
            (
                "nodes.json: line 1, column 12 (byte 11): not JSON: nested too deeply; wanted a c"
                "omplete JSON file"
            ),
        ),
        {"nodes": ["nodes.json"]},
    ),
    Case(
        "squeue_truncated",
        {"squeue.json": '{"jobs": [{"job_id": 1, "job_state": ["RUNNING"]},'},
        (
            (
                "squeue.json: line 1, column 51 (byte 50): the file ends too early (expecting val"
                "ue); wanted a complete JSON file"
            ),
        ),
        {"queue": ["squeue.json"]},
    ),
    Case(
        "squeue_empty_file",
        {"squeue.json": ""},
        (
            (
                "squeue.json: line 1, column 1 (byte 0): the file is empty; wanted a complete JSO"
                "N file"
            ),
        ),
        {"queue": ["squeue.json"]},
    ),
    Case(
        "squeue_no_jobs",
        {"squeue.json": '{"errors": []}'},
        (
            (
                "squeue.json: no jobs; wanted the output of squeue --json or scontrol show jobs -"
                "-json"
            ),
        ),
        {"queue": ["squeue.json"]},
    ),
    Case(
        "squeue_fields",
        {
            "squeue.json": (
                '{"jobs": [{"job_state": ["PENDING"]}, {"job_id": 2}, {"job_id": 3, "job_'
                'state": "PENDING"}, {"job_id": "x", "job_state": "PENDING", "node_count"'
                ': 1}, {"job_id": 5, "job_state": "RUNNING", "nodes": "n[1-"}, {"job_id":'
                ' 6, "job_state": "PENDING", "node_count": {"set": true, "number": "four"'
                "}}, null]}"
            )
        },
        (
            "squeue.json: jobs[6]: None; wanted an object",
            "squeue.json: jobs[0].job_id: no job id; wanted a whole number",
            (
                "squeue.json: jobs[1].job_state: no state; wanted state words of squeue (sacct is"
                " for audits)"
            ),
            "squeue.json: jobs[2].node_count: no node count; wanted a whole number",
            "squeue.json: jobs[3].job_id: 'x'; wanted a whole number",
            "squeue.json: jobs[4].nodes: unclosed bracket: 'n[1-'; wanted a hostlist",
            "squeue.json: jobs[5].node_count: 'four'; wanted a whole number",
        ),
        {"queue": ["squeue.json"]},
    ),
    Case(
        "squeue_nan",
        {"squeue.json": '{"jobs": [{"job_id": NaN}]}'},
        (
            (
                "squeue.json: line 1, column 11 (byte 10): not JSON: NaN is no JSON number; wante"
                "d a complete JSON file"
            ),
        ),
        {"queue": ["squeue.json"]},
    ),
    Case(
        "squeue_huge_number",
        {"squeue.json": '{"jobs": [{"job_id": 1e999, "job_state": "PENDING"}]}'},
        ("squeue.json: jobs[0].job_id: inf; wanted a whole number",),
        {"queue": ["squeue.json"]},
    ),
    Case(
        "squeue_duplicate_job",
        {
            "squeue.json": (
                '{"jobs": [{"job_id": 1, "job_state": "PENDING", "node_count": 1}, {"job_'
                'id": 1, "job_state": "PENDING", "node_count": 2}]}'
            )
        },
        (
            (
                "squeue.json: jobs[1] (job 1): job 1 a second time (first in squeue.json, jobs[0]"
                " (job 1)); wanted each job once"
            ),
        ),
        {"queue": ["squeue.json"]},
    ),
    Case(
        "squeue_array",
        {
            "squeue.json": (
                '{"jobs": [{"job_id": 1, "array_job_id": 1, "array_task_string": "1-x", "'
                'job_state": "PENDING", "node_count": 1}]}'
            )
        },
        (
            (
                "squeue.json: jobs[0] (job 1), array_task_string: '1-x'; wanted task numbers such"
                " as 0-15"
            ),
        ),
        {"queue": ["squeue.json"]},
    ),
    Case(
        "reservations_bad",
        {"res.json": '{"reservations": [{"name": "m", "node_list": "n[", "start_time": 1}]}'},
        ("res.json: reservations[0].node_list: unclosed bracket: 'n['; wanted a hostlist",),
        {"reservations": "res.json"},
    ),
    Case(
        "licenses_bad",
        {"lic.json": '{"licenses": [{"LicenseName": "p", "Nodes": "n01", "Used": "much"}, 3]}'},
        (
            "lic.json: licenses[0].Used: 'much'; wanted a whole number",
            "lic.json: licenses[1]: 3; wanted an object",
        ),
        {"licenses": "lic.json"},
    ),
)
