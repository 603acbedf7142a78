"""topology/flat: runs of consecutive nodes (slurm_semantics 3.5)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .attempt import (
    Action,
    Code,
    Counts,
    Pool,
    Refusal,
    Request,
    Segments,
    indices,
    start_mode3,
)
from .hres import Mode3Attempt


@dataclass
class _Run:
    """Consecutive candidates of equal weight.

    Attributes
    ----------
    weight
        Weight of the last one that is not required: required nodes join whatever theirs is, and
        ``--contiguous`` mixes weights.
    nodes
        All of them, required ones included.
    size
        Those that are not required: required nodes are taken beforehand.
    first_required
        Where consumption starts; None without a required node.
    """

    weight: int | None = None
    nodes: list[int] = field(default_factory=list)
    size: int = 0
    first_required: int | None = None

    def in_consumption_order(self) -> list[int]:
        """Upwards from the first required node, then downwards; upwards without one."""
        if self.first_required is None:
            return self.nodes
        upwards = [node for node in self.nodes if node >= self.first_required]
        downwards = [node for node in self.nodes if node < self.first_required]
        return upwards + downwards[::-1]


def select_flat(pool: Pool, request: Request, weights: Counts) -> Segments | Refusal:
    """Take required nodes, then runs, the tightest sufficient one first, up to the target."""
    mode3 = start_mode3(request)
    chosen = list(request.required)
    if not _take_all(chosen, mode3):
        return Refusal(Code.GENERIC, "5.4 required node over a layer", Action.DEFAULT)
    runs = _runs(pool, request, weights)
    while _room(request, chosen) > 0:
        enough = request.min_nodes - len(chosen)
        best = _best_run(runs, enough)
        if best is None or (
            request.contiguous and not _may_be_contiguous(best, request.required, enough)
        ):
            break
        runs.remove(best)
        nodes = best.in_consumption_order()
        if best.first_required is None and request.target - len(chosen) == 1:
            # The last node of all is the best single one of the run: no second is tried.
            nodes = nodes[:1]
        for node in nodes:
            if _room(request, chosen) <= 0:
                break
            if node not in request.required and (mode3 is None or mode3.take(node)):
                chosen.append(node)
        if request.contiguous:
            break
    if len(chosen) >= request.min_nodes:
        return (tuple(sorted(chosen)),)
    return Refusal(Code.GENERIC, "3.5 runs do not reach the node count", Action.DEFAULT)


def _room(request: Request, chosen: list[int]) -> int:
    """Nodes that may still be taken."""
    return min(request.target, request.max_nodes) - len(chosen)


def _take_all(nodes: list[int], mode3: Mode3Attempt | None) -> bool:
    return mode3 is None or all(mode3.take(node) for node in nodes)


def _runs(pool: Pool, request: Request, weights: Counts) -> list[_Run]:
    """Runs in index order."""
    required = frozenset(request.required)
    runs: list[_Run] = []
    previous: int | None = None
    for node in indices(pool):
        weight = int(weights[node])
        follows = previous is not None and node == previous + 1
        splits = not request.contiguous and follows and runs[-1].weight not in (None, weight)
        if splits or not follows:
            runs.append(_Run())
        run = runs[-1]
        run.nodes.append(node)
        if node not in required:
            run.weight = weight
            run.size += 1
        elif not splits and run.first_required is None:
            # A required node right behind a change of weight is not noted (quirk of 3.5).
            run.first_required = node
        previous = node
    return [run for run in runs if run.size]


def _best_run(runs: list[_Run], wanted: int) -> _Run | None:
    best: _Run | None = None
    for run in runs:
        if best is None or _is_better(run, best, wanted):
            best = run
    return best


def _is_better(run: _Run, best: _Run, wanted: int) -> bool:
    if run.first_required is not None and best.first_required is None:
        return True
    assert run.weight is not None and best.weight is not None
    if run.weight != best.weight:
        return run.weight < best.weight
    if run.size >= wanted:
        return best.size < wanted or run.size < best.size
    return run.size > best.size


def _may_be_contiguous(best: _Run, required: tuple[int, ...], wanted: int) -> bool:
    """Whether the run holds enough nodes and every required one."""
    return best.size >= wanted and set(required) <= set(best.nodes)
