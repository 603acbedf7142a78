"""Clean schedules made illegal, one rule at a time, and an independent check that says whether.

The check shares no code with the product: it counts nodes of blocks straight from the definitions
of slurm_semantics.md sections 3.1.2, 5.3 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from random import Random

from recorded_schedules import Run

BLOCKS = 8
SIZE = 6  # nodes per block; levels 6, 12, 24, 48
LEVELS = (1, 2, 4, 8)
NUM_NODES = BLOCKS * SIZE
CAP = 26  # MODE_3 units of the root layer
HALF_CAP = 18  # and of each half

Mutation = Callable[[Random, list[Run]], tuple[list[Run], int] | None]


def block_of(node: int) -> int:
    return node // SIZE


def region_of(size: int) -> int:
    """Base blocks of the region of a unit."""
    need = -(-size // SIZE)
    return next((span for span in LEVELS if span >= need), BLOCKS)


def is_one_unit(nodes: Sequence[int], size: int) -> bool:
    """B1: a unit within one aligned region; all levels are enabled, so that B2 never binds."""
    return len({block_of(node) // region_of(size) for node in nodes}) == 1


def can_be_cut(nodes: Sequence[int], size: int, spreads: bool) -> bool:
    """Whether nodes can be cut into units of `size`, by trying block counts exhaustively."""
    if len(nodes) % size:
        return False
    counts = [0] * BLOCKS
    for node in nodes:
        counts[block_of(node)] += 1
    return _cut(tuple(counts), size, spreads, frozenset())


def _cut(counts: tuple[int, ...], size: int, spreads: bool, closed: frozenset[int]) -> bool:
    if not any(counts):
        return True
    first = next(block for block in range(BLOCKS) if counts[block])
    if first in closed:
        return False
    span = region_of(size)
    region = [b for b in range(BLOCKS) if b // span == first // span and counts[b]]
    for number in range(1, len(region) + 1):
        for chosen in combinations(region, number):
            if first not in chosen or closed.intersection(chosen):
                continue
            for taken in _shares([counts[b] for b in chosen], size, whole=spreads):
                left = list(counts)
                for block, amount in zip(chosen, taken, strict=True):
                    left[block] -= amount
                shut = closed.union(chosen) if spreads else closed
                if _cut(tuple(left), size, spreads, shut):
                    return True
    return False


def _shares(counts: list[int], size: int, *, whole: bool) -> list[list[int]]:
    """Ways to take `size` nodes from blocks, at least one each (all of each if `whole`)."""
    if not counts:
        return [[]] if size == 0 else []
    ways = []
    for amount in [counts[0]] if whole else range(1, min(counts[0], size) + 1):
        ways += [[amount, *rest] for rest in _shares(counts[1:], size - amount, whole=whole)]
    return ways


def broken_rules(runs: Sequence[Run], victim: int) -> set[str]:
    """Rules that the run at `victim` breaks, alone or with others; empty if legal."""
    run = runs[victim]
    job, nodes = run.job, run.nodes
    broken = set()
    if len(nodes) != job.num_nodes:
        broken.add("node_count")
    size = job.segment if job.segment and job.segment <= job.num_nodes else job.num_nodes
    if job.num_nodes > 1:
        spreads = job.spread_segments and size < job.num_nodes
        if len(nodes) % size or not can_be_cut(nodes, size, False):
            broken |= {"block_region", "segment"}
        elif spreads and not can_be_cut(nodes, size, True):
            broken.add("spread_segments")
        if job.consolidate_segments and job.segment:
            units = job.num_nodes // size
            total = units * SIZE * -(-size // SIZE) if spreads else job.num_nodes
            span = region_of(total)
            if len({block_of(node) // span for node in nodes}) > 1:
                broken.add("consolidate_segments")
    for other in runs:
        if other is run or other.start_s is None or run.start_s is None:
            continue
        if min(other.end_s, run.end_s) <= max(other.start_s, run.start_s):
            continue
        if set(other.nodes) & set(nodes):
            broken.add("one_use")
        if {block_of(n) for n in other.nodes} & {block_of(n) for n in nodes}:
            if job.is_exclusive_topo or other.job.is_exclusive_topo:
                broken |= {"exclusive_wanted", "exclusive_held"}
    if dict(job.licenses).get("power") and _over_cap(runs, run):
        broken.add("mode_3")
    return broken


def _over_cap(runs: Sequence[Run], run: Run) -> bool:
    """Whether a layer is over its cap at some moment of the run, in which the run has nodes."""
    moments = [r.start_s for r in runs if r.start_s is not None]
    for moment in moments:
        if not (run.start_s is not None and run.start_s <= moment < run.end_s):
            continue
        for low, high, cap in (
            (0, NUM_NODES, CAP),
            (0, NUM_NODES // 2, HALF_CAP),
            (NUM_NODES // 2, NUM_NODES, HALF_CAP),
        ):
            if not any(low <= node < high for node in run.nodes):
                continue
            used = sum(
                dict(r.job.licenses).get("power", 0)
                for r in runs
                if r.start_s is not None and r.start_s <= moment < r.end_s
                for node in r.nodes
                if low <= node < high
            )
            if used > cap:
                return True
    return False


def _started(runs: Sequence[Run], wanted: Callable[[Run], bool]) -> list[int]:
    return [i for i, run in enumerate(runs) if run.start_s is not None and wanted(run)]


def _with(runs: list[Run], index: int, run: Run) -> tuple[list[Run], int]:
    return [*runs[:index], run, *runs[index + 1 :]], index


def _pick(rng: Random, indices: list[int]) -> int | None:
    return rng.choice(indices) if indices else None


def move_node(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """One node of a job goes to another block."""
    index = _pick(rng, _started(runs, lambda run: len(run.nodes) > 1))
    if index is None:
        return None
    nodes = set(runs[index].nodes)
    nodes.remove(rng.choice(sorted(nodes)))
    nodes.add(rng.choice([node for node in range(NUM_NODES) if node not in runs[index].nodes]))
    return _with(runs, index, replace(runs[index], nodes=tuple(sorted(nodes))))


def scatter_segments(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """A segmented job lands on a random handful of blocks, as in 17+17+2."""
    index = _pick(rng, _started(runs, lambda run: bool(run.job.segment)))
    if index is None:
        return None
    blocks = rng.sample(range(BLOCKS), rng.randint(2, BLOCKS))
    pool = [node for node in range(NUM_NODES) if block_of(node) in blocks]
    if len(pool) < len(runs[index].nodes):
        return None
    nodes = tuple(sorted(rng.sample(pool, len(runs[index].nodes))))
    return _with(runs, index, replace(runs[index], nodes=nodes))


def overlap(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """A job starts earlier, or ends later, than it did."""
    index = _pick(rng, _started(runs, lambda run: run.end_s > (run.start_s or 0)))
    if index is None:
        return None
    run = runs[index]
    assert run.start_s is not None
    shift = rng.randrange(60, 7200)
    limit_s = (run.job.time_limit_s or 0) + shift + 60
    if rng.random() < 0.5:
        start_s = max(run.start_s - shift, 0)
        submit_s = min(run.job.submit_s or 0, start_s)
        job = replace(run.job, submit_s=submit_s, time_limit_s=limit_s)
        return _with(runs, index, replace(run, start_s=start_s, job=job))
    job = replace(run.job, time_limit_s=limit_s)
    return _with(runs, index, replace(run, end_s=run.end_s + shift, job=job))


def drop_node(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """A job gets a node less than it asked for."""
    index = _pick(rng, _started(runs, lambda run: len(run.nodes) > 1))
    if index is None:
        return None
    nodes = list(runs[index].nodes)
    nodes.remove(rng.choice(nodes))
    return _with(runs, index, replace(runs[index], nodes=tuple(nodes)))


def enter_exclusive(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """A job moves into the block of an exclusive one while that runs."""
    exclusive = _started(runs, lambda run: run.job.is_exclusive_topo and len(run.nodes) < SIZE)
    if not exclusive:
        return None
    host = runs[rng.choice(exclusive)]
    guests = _started(
        runs,
        lambda run: (
            run is not host
            and len(run.nodes) == 1
            and (run.start_s or 0) < host.end_s
            and run.end_s > (host.start_s or 0)
        ),
    )
    index = _pick(rng, guests)
    if index is None:
        return None
    block = block_of(host.nodes[0])
    room = [n for n in range(NUM_NODES) if block_of(n) == block and n not in host.nodes]
    return _with(runs, index, replace(runs[index], nodes=(rng.choice(room),)))


def want_exclusive(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """A job that shared its block turns out to have asked for it alone."""
    index = _pick(rng, _started(runs, lambda run: not run.job.is_exclusive_topo))
    if index is None:
        return None
    from rackwright.models.legality import Exclusive

    job = replace(runs[index].job, exclusive=Exclusive.TOPO)
    return _with(runs, index, replace(runs[index], job=job))


def want_spread(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """A segmented job turns out to have asked for spread segments."""
    index = _pick(rng, _started(runs, lambda run: bool(run.job.segment)))
    if index is None:
        return None
    job = replace(runs[index].job, spread_segments=True)
    return _with(runs, index, replace(runs[index], job=job))


def want_consolidation(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """A segmented job turns out to have asked for consolidated segments."""
    index = _pick(rng, _started(runs, lambda run: bool(run.job.segment)))
    if index is None:
        return None
    job = replace(runs[index].job, consolidate_segments=True)
    return _with(runs, index, replace(runs[index], job=job))


def want_power(rng: Random, runs: list[Run]) -> tuple[list[Run], int] | None:
    """A job turns out to draw more than it did."""
    index = _pick(rng, _started(runs, lambda run: bool(run.job.licenses)))
    if index is None:
        return None
    job = replace(runs[index].job, licenses=(("power", rng.randint(2, 6)),))
    return _with(runs, index, replace(runs[index], job=job))


@dataclass(frozen=True)
class Kind:
    """A way to break a rule, and the rules it may break."""

    mutate: Mutation
    rules: frozenset[str]


KINDS = {
    "move_node": Kind(move_node, frozenset({"block_region", "one_use"})),
    "scatter_segments": Kind(scatter_segments, frozenset({"block_region", "segment"})),
    "overlap": Kind(overlap, frozenset({"one_use"})),
    "drop_node": Kind(drop_node, frozenset({"node_count"})),
    "enter_exclusive": Kind(enter_exclusive, frozenset({"exclusive_held", "exclusive_wanted"})),
    "want_exclusive": Kind(want_exclusive, frozenset({"exclusive_held", "exclusive_wanted"})),
    "want_spread": Kind(want_spread, frozenset({"spread_segments"})),
    "want_consolidation": Kind(want_consolidation, frozenset({"consolidate_segments"})),
    "want_power": Kind(want_power, frozenset({"mode_3"})),
}
