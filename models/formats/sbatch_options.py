"""sbatch's options (man sbatch): which take a value, and what each means for placement.

Effects: the name of a job key; ``""`` for options without any effect on placement; ``!`` and a
reason for options that do change placement but are not modelled; other ``:words`` are handled by
`sbatch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class Argument(Enum):
    """Whether an option takes a value."""

    NONE = "none"
    REQUIRED = "required"
    OPTIONAL = "optional"  # in the form --option=value only


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its long name, its letter or "", its argument and its effect."""

    name: str
    letter: str
    argument: Argument
    effect: str

    @property
    def is_text(self) -> bool:
        """Whether its value is a free text, which may hold spaces when quoting was lost."""
        return self.name in _FREE_TEXT


_FREE_TEXT = frozenset(
    {
        "comment",
        "job-name",
        "chdir",
        "output",
        "error",
        "input",
        "export",
        "admin-comment",
        "extra",
    }
)

# Rows: letter (- for none), long name, argument (0 none, 1 required, ? optional), effect.
_ROWS = """
A account 1 account
- acctg-freq 1
a array 1 :array
- batch 1 !the features of the first node
- bb 1
- bbf 1
b begin 1 start
D chdir 1
- cluster-constraint 1
M clusters 1 !the cluster
- comment 1 comment
- compress ?
- consolidate-segments 0 consolidate_segments
C constraint 1 features
- container 1
- container-id 1
- contiguous 0 contiguous
S core-spec 1
- cores-per-socket 1 !the nodes by their CPUs
- cpu-freq 1
- cpus-per-gpu 1
c cpus-per-task 1 :cpus-per-task
- deadline 1
- delay-boot 1
d dependency 1 :dependency
m distribution 1 :distribution
e error 1
x exclude 1 exclude
- exclusive ? :exclusive
- export 1
- export-file 1
- external 0
- extra 1
B extra-node-info 1 !the nodes by their CPUs
- get-user-env ?
- gid 1
- gpu-bind 1
- gpu-freq 1
G gpus 1 :gpus
- gpus-per-node 1 :gpus-per-node
- gpus-per-socket 1 !the number of GPUs
- gpus-per-task 1 :gpus-per-task
- gres 1 :gres
- gres-flags 1
h help 0
- hint 1
H hold 0 :hold
- ignore-pbs 0
i input 1
J job-name 1 name
- kill-on-invalid-dep 1
L licenses 1 licenses
- mail-type 1
- mail-user 1
- mcs-label 1
- mem 1
- mem-bind 1
- mem-per-cpu 1
- mem-per-gpu 1
- mincpus 1 !the nodes by their CPUs
- network 1
- nice ?
k no-kill ?
- no-requeue 0
F nodefile 1 !the required nodes
w nodelist 1 nodelist
N nodes 1 nodes
n ntasks 1 :ntasks
- ntasks-per-core 1
- ntasks-per-gpu 1
- ntasks-per-node 1 :ntasks-per-node
- ntasks-per-socket 1
- oom-kill-step ?
- open-mode 1
o output 1
O overcommit 0
s oversubscribe 0
- parsable 0
p partition 1 partition
- prefer 1 !the preferred features
- priority 1 priority
- profile 1
- propagate ?
q qos 1
Q quiet 0
- reboot 0
- requeue ?
- reservation 1 :reservation
- resources 1 licenses
- resv-ports ?
- segment 1 segment
- signal 1
- sockets-per-node 1 !the nodes by their CPUs
- spread-job 0 !the spreading of the job
- spread-segments 0 spread_segments
- stepmgr 0
- switches 1 switches
- test-only 0
- thread-spec 1
- threads-per-core 1
t time 1 time_limit
- time-min 1
- tmp 1 !the nodes by their local disk
- tres-bind 1
- tres-per-task 1 :tres-per-task
- uid 1
- usage 0
- use-min-nodes 0
V version 0
v verbose 0
W wait 0
- wait-all-nodes 1
- wckey 1
- wrap 1 :wrap
"""

_ARGUMENTS = {"0": Argument.NONE, "1": Argument.REQUIRED, "?": Argument.OPTIONAL}


def _read_row(row: str) -> Option:
    letter, name, argument, *effect = row.split(" ", 3)
    return Option(
        name, "" if letter == "-" else letter, _ARGUMENTS[argument], effect[0] if effect else ""
    )


OPTIONS = tuple(_read_row(row) for row in _ROWS.strip().splitlines())
_BY_NAME = {option.name: option for option in OPTIONS}
_BY_LETTER = {option.letter: option for option in OPTIONS if option.letter}


@lru_cache(maxsize=1024)
def long_option(name: str) -> Option | None:
    """The option called ``--name``; an unambiguous beginning will do, as for getopt_long."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    candidates = [option for option in OPTIONS if option.name.startswith(name)] if name else []
    return candidates[0] if len(candidates) == 1 else None


def short_option(letter: str) -> Option | None:
    """The option called ``-letter``."""
    return _BY_LETTER.get(letter)
