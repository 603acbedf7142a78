"""The fingerprint of a state: equal for equal states, whatever files they were read from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter

from ..instance import Instance
from ..node import Node

_PLAIN = frozenset({str, int, float, bool, type(None)})
# Nothing of this changes where a job may go: what people call things, state words beyond what they
# mean for us (PLANNED comes and goes), and priorities beyond the order they give (they age).
_LEFT_OUT = frozenset({"user", "account", "comment", "states", "priority"})


def fingerprint(instance: Instance) -> str:
    """SHA-256 of the canonical state, as 64 hexadecimal digits.

    Everything counts on which a placement can depend: cluster, which nodes are free, down or
    blocked, resources and their use, running jobs, the queue in its order. Owners, comments, the
    priorities behind the order and the instant of the dump do not.
    """
    digest = hashlib.sha256()
    for piece in _pieces(instance):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(instance: Instance) -> Iterable[bytes]:
    """The canonical text, one line per node, job and so on."""
    cluster = instance.cluster
    yield _node_lines(cluster.nodes)
    for name in ("topologies", "partitions", "resources"):
        for value in getattr(cluster, name):
            yield _line(name, value)
    for held in sorted(instance.running, key=lambda held: held.job.job_id):
        yield _line("running", held)
    for job in instance.jobs:
        yield _line("pending", job)
    for waiting in sorted(instance.ineligible, key=lambda waiting: waiting.job.job_id):
        yield _line("ineligible", waiting)
    for name in ("unavailable", "allocated", "blocked", "used"):
        yield _line(name, getattr(instance, name))


def _node_lines(nodes: Iterable[Node]) -> bytes:
    """The `_line` of every node; a large cluster has few kinds of nodes but for their names."""
    first, *others = _field_names(Node)
    all_but_name = attrgetter(*others)
    tails: dict[object, str] = {}
    lines: list[str] = []
    for node in nodes:
        values = all_but_name(node)
        tail = tails.get(values)
        if tail is None:
            tail = tails[values] = _fields_text(node, others)
        lines.append(f"node {Node.__name__}({first}={node.name!r},{tail})\n")
    return "".join(lines).encode()


def _line(kind: str, value: object) -> bytes:
    return f"{kind} {_canonical(value)}\n".encode()


def _canonical(value: object) -> str:
    """An unambiguous text of a value: strings quoted, sets sorted, dataclasses by field name."""
    if type(value) in _PLAIN:
        return repr(value)
    if isinstance(value, Enum):
        return repr(value.value)
    if isinstance(value, frozenset):
        return f"{{{','.join(sorted(_texts(value)))}}}"
    if isinstance(value, tuple):
        return f"[{','.join(_texts(value))}]"
    if isinstance(value, Mapping):
        pairs = sorted((_canonical(key), _canonical(entry)) for key, entry in value.items())
        return f"{{{','.join(f'{key}:{entry}' for key, entry in pairs)}}}"
    # mypy takes the __hash__ of a class object for that of its instances.
    names = _field_names(type(value))  # type: ignore[arg-type]
    return f"{type(value).__name__}({_fields_text(value, names)})"


def _texts(values: Collection[object]) -> Iterable[str]:
    """The canonical text of each; tens of thousands of node indices are told apart at once."""
    return map(repr if _PLAIN.issuperset(map(type, values)) else _canonical, values)


def _fields_text(value: object, names: Iterable[str]) -> str:
    return ",".join(f"{name}={_canonical(getattr(value, name))}" for name in names)


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    if not is_dataclass(kind):
        raise TypeError(f"no canonical text for {kind.__name__}")
    return tuple(field.name for field in fields(kind) if field.name not in _LEFT_OUT)
