"""Parts of the emulator on their own: retries, the ring heap, loaded totals, both schedulers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from slurm_worlds import ask, blocks, indices, job, rings, world

from rackwright.heuristics.slurm.attempt import Action, Code, Refusal, Request, Segments
from rackwright.heuristics.slurm.backfill import Timetable
from rackwright.heuristics.slurm.layer_totals import slurm_capacities
from rackwright.heuristics.slurm.queue import slurm, slurm_backfill
from rackwright.heuristics.slurm.retry import retry
from rackwright.heuristics.slurm.ring import _Arc, _push, _replace_root
from rackwright.heuristics.slurm.site import site_of
from rackwright.heuristics.slurm.slots import WINDOW_S, Slots
from rackwright.heuristics.slurm.state import State
from rackwright.models.instance import Instance, RunningJob, Units
from rackwright.models.legality import Legality
from rackwright.models.plan import PlanOptions, Reason
from rackwright.models.resources import INFINITE, Layer, Mode, Resource

OPTIONS = PlanOptions(legality=Legality.SLURM_26_11)
HOUR = 3600


class Scripted:
    """An algorithm that refuses as told and remembers the pools it was given."""

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals = list(refusals)
        self.pools: list[list[int]] = []

    def __call__(self, pool: np.ndarray, request: Request) -> Segments | Refusal:
        self.pools.append(np.flatnonzero(pool).tolist())
        return self.refusals.pop(0) if self.refusals else ((0,),)


def refusal(action: Action, nodes: set[int] | None = None, code: Code = Code.NO_UNIT) -> Refusal:
    return Refusal(code, "step", action, frozenset(nodes or ()))


def request(num_nodes: int, required: tuple[int, ...] = ()) -> Request:
    return Request(num_nodes, num_nodes, num_nodes, Units(1, num_nodes, False, False), required)


POOL = np.ones(6, dtype=np.bool_)


@pytest.mark.parametrize(
    ("action", "nodes", "left"),
    [
        (Action.DROP_SET, {1, 2}, [0, 3, 4, 5]),
        (Action.HINT, {4, 2}, [0, 1, 3, 4, 5]),
        (Action.DEFAULT, set(), [1, 2, 3, 4, 5]),
    ],
)
def test_retry_gives_up_nodes(action: Action, nodes: set[int], left: list[int]) -> None:
    algorithm = Scripted(refusal(action, nodes))
    assert retry(algorithm, POOL, request(2)) == ((0,),)
    assert algorithm.pools == [[0, 1, 2, 3, 4, 5], left]


def test_retry_follows_the_order_given() -> None:
    algorithm = Scripted(refusal(Action.DEFAULT), refusal(Action.HINT, {0, 1}))
    retry(algorithm, POOL, request(2), lambda: [5, 1, 0, 2, 3, 4])
    assert algorithm.pools[1:] == [[0, 1, 2, 3, 4], [0, 2, 3, 4]]


def test_retry_keeps_required_nodes() -> None:
    algorithm = Scripted(refusal(Action.DEFAULT), refusal(Action.HINT, {0, 1}))
    retry(algorithm, POOL, request(2, (0,)))
    # Node 1 is gone when the hint names it again, and node 0 stays: nothing is left to give up.
    assert algorithm.pools[1:] == [[0, 2, 3, 4, 5]]


@pytest.mark.parametrize("action", [Action.STOP, Action.PERMANENT])
def test_retry_stops(action: Action) -> None:
    algorithm = Scripted(refusal(action, code=Code.TOPOLOGY_UNAVAILABLE))
    answer = retry(algorithm, POOL, request(2))
    assert isinstance(answer, Refusal) and answer.code is Code.TOPOLOGY_UNAVAILABLE
    assert len(algorithm.pools) == 1


def test_retry_reports_the_first_failure_not_the_last() -> None:
    algorithm = Scripted(
        refusal(Action.DEFAULT, code=Code.INSUFFICIENT_IN_UNIT), refusal(Action.STOP)
    )
    answer = retry(algorithm, POOL, request(2))
    assert isinstance(answer, Refusal) and answer.code is Code.INSUFFICIENT_IN_UNIT


def test_retry_ends_when_no_more_than_the_minimum_is_left() -> None:
    algorithm = Scripted(*[refusal(Action.DEFAULT)] * 9)
    answer = retry(algorithm, POOL, request(4))
    assert isinstance(answer, Refusal) and "exhausted" in answer.step
    assert [len(pool) for pool in algorithm.pools] == [6, 5, 4]


def arc(worse: int) -> _Arc:
    return _Arc((1, worse), (worse,))


def test_ring_heap_keeps_the_worst_at_the_root() -> None:
    heap: list[_Arc] = []
    for worse in (3, 5, 4, 8, 1):
        _push(heap, arc(worse))
    assert heap[0].key == (1, 8)


def test_ring_heap_sifts_down_one_step_only() -> None:
    heap = [arc(worse) for worse in (9, 8, 7, 6, 5)]
    _replace_root(heap, arc(1))
    # A sound heap would go on and bring 6 above 1; Slurm leaves the new entry in the middle.
    assert [each.key[1] for each in heap] == [8, 1, 7, 6, 5]


def test_ring_job_keeps_a_ring_that_is_not_among_the_best() -> None:
    # Nodes left per ring. After 9, 8 and 7 were evicted by 1, 2 and 3, the root is 3 although 6
    # and 5 are held: the last ring, with 4, is better than 6 but not than the root.
    left = [9, 8, 7, 6, 5, 1, 2, 3, 4]
    topology = rings(*(f"{16 * ring + 1}-{16 * ring + 16}" for ring in range(9)))
    busy = ",".join(f"{16 * r + 1 + count}-{16 * r + 16}" for r, count in enumerate(left))
    expected = ",".join(str(16 * ring + 1) for ring in (3, 4, 5, 6, 7))
    assert ask(world(topology, 144, busy), 5, "seg 1") == expected


def test_loaded_totals_lose_a_base_whose_layer_is_sorted_behind_its_parent() -> None:
    # hres2-67 of the recordings: 26.11 shows 91 for the root and 61 for the first half.
    counts = [("1-10", 91, 1), ("1-6", 61, 1), ("7-10", 27, 0), ("1-2", 20, 1), ("3-4", 20, 0)]
    counts += [("5-6", 20, 0), ("7-8", INFINITE, 0), ("9-10", 12, 0)]
    layers = tuple(Layer(indices(nodes), count, base) for nodes, count, base in counts)
    assert [layer.capacity for layer in layers][:2] == [90, 60]
    loaded = slurm_capacities([Resource("power", Mode.MODE_3, layers)])
    assert loaded["power"] == (91, 61, 27, 19, 20, 20, INFINITE, 12)


def test_loaded_totals_of_two_levels_are_the_documented_ones() -> None:
    counts = [("1-8", 40, 5), ("1-4", 20, 3), ("5-8", 20, 2)]
    layers = tuple(Layer(indices(nodes), count, base) for nodes, count, base in counts)
    loaded = slurm_capacities([Resource("power", Mode.MODE_3, layers)])
    assert loaded["power"] == (35, 17, 18)


PAIRS = blocks([4] * 2, (0, 1))


def queue(instance: Instance, *sizes: tuple[int, str, int]) -> Instance:
    jobs = tuple(
        job(nodes, options, job_id=str(number), time_limit_s=limit)
        for number, (nodes, options, limit) in enumerate(sizes)
    )
    return replace(instance, jobs=jobs, now_s=0)


def running(nodes: str, limit_s: int) -> RunningJob:
    held = indices(nodes)
    return RunningJob(job(len(held), job_id="r", time_limit_s=limit_s, start_s=0), held, "p")


def test_main_scheduler_stops_at_the_first_job_that_waits_for_jobs() -> None:
    instance = queue(world(PAIRS, 8, "01-02"), (8, "", HOUR), (1, "", HOUR))
    result = slurm(instance, OPTIONS)
    assert not result.plan.placements
    assert [each.reason for each in result.unplaced] == [Reason.WAITS, Reason.WAITS]
    assert "before it" in result.unplaced[1].message


def test_jobs_that_wait_for_down_nodes_or_are_impossible_block_nobody() -> None:
    instance = queue(world(PAIRS, 8, down="01"), (8, "", HOUR), (8, "seg 3", HOUR), (1, "", HOUR))
    result = slurm(instance, OPTIONS)
    assert set(result.plan.placement_of) == {"2"}
    assert [each.job_id for each in result.unplaced] == ["0", "1"]
    assert result.unplaced[1].reason is Reason.NEVER


def test_backfill_starts_what_ends_before_the_reservation() -> None:
    instance = queue(world(PAIRS, 8), (8, "", HOUR), (2, "", HOUR), (2, "", 2 * HOUR))
    instance = replace(instance, running=(running("01-02", HOUR),))
    result = slurm_backfill(instance, OPTIONS)
    assert set(result.plan.placement_of) == {"1"}
    assert not slurm(instance, OPTIONS).plan.placements


def test_backfill_stalls_at_an_exclusive_job_over_a_down_node() -> None:
    sizes = ((3, "topo", HOUR), (1, "", HOUR))
    up = queue(world(PAIRS, 8), *sizes)
    busy = (running("01-02,05-06", HOUR),)
    assert set(slurm_backfill(replace(up, running=busy), OPTIONS).plan.placement_of) == {"1"}
    one_down_each = replace(up, running=busy, unavailable=indices("04,08"))
    assert not slurm_backfill(one_down_each, OPTIONS).plan.placements


def running_until(nodes: str, end_s: int) -> RunningJob:
    held = running(nodes, end_s)
    return replace(held, job=replace(held.job, job_id=nodes))


@pytest.mark.parametrize(
    ("ends", "start_s", "nodes"),
    [
        # Ends within the first window of half a minute or so are waited for together, and the
        # job gets the last block as if both were idle; else it takes what is there first.
        ({"01-03": HOUR, "05": HOUR + 20}, HOUR + 21, "05-08"),
        ({"01-03": HOUR, "05": HOUR + 120}, HOUR + 1, "01-04"),
        # A window that had to grow up to the next end takes in what ends minutes later, too.
        ({"01": HOUR, "02-03": 3 * HOUR, "05": 3 * HOUR + 300}, 3 * HOUR + 301, "05-08"),
        # It starts when the last job on its own nodes has ended, not the last one of the group.
        ({"05": HOUR, "01-03": HOUR + 20}, HOUR + 1, "05-08"),
    ],
)
def test_backfill_waits_for_groups_of_ends(ends: dict[str, int], start_s: int, nodes: str) -> None:
    instance = queue(world(PAIRS, 8), (4, "", HOUR))
    instance = replace(instance, running=tuple(running_until(*each) for each in ends.items()))
    timetable = Timetable(State(site_of(instance.cluster), instance))
    planned = timetable.plan(instance.jobs[0], instance.cluster.partitions[0])
    assert planned is not None
    assert planned.start_s == start_s
    assert frozenset(planned.segments[0]) == indices(nodes)


def pool(*nodes: int) -> np.ndarray:
    flags = np.zeros(4, dtype=np.bool_)
    flags[list(nodes)] = True
    return flags


@pytest.mark.parametrize(
    ("span", "free", "later_s"),
    [
        # A reservation counts if it begins at the very second at which the job has to end.
        ((0, 599), [0, 1, 2, 3], 900),
        ((0, 600), [1, 2, 3], 900),
        # Looked at again when a slot ends whose successor has a node more, 0 or 1 here.
        ((600, 800), [1, 2, 3], 900),
        ((900, 1000), [0, 2, 3], 1200),
        ((1200, 1500), [0, 1, 2, 3], None),
    ],
)
def test_slots_of_backfill(span: tuple[int, int], free: list[int], later_s: int | None) -> None:
    slots = Slots(pool(0, 1, 2, 3), 30)
    slots.reserve(pool(0), 600, 900)
    slots.reserve(pool(1), 900, 1200)
    usable = slots.usable(pool(0, 1, 2, 3), *span)
    assert np.flatnonzero(usable.free).tolist() == free
    assert usable.later_s == later_s
    assert slots.are_free(pool(2, 3), 0, WINDOW_S)
    assert slots.are_free(pool(0), 0, 600) and not slots.are_free(pool(0), 0, 601)


@pytest.mark.parametrize(("num_blocks", "started"), [(40, False), (8, True)])
def test_backfill_ends_a_cycle_at_spread_segments_that_outnumber_many_blocks(
    num_blocks: int, started: bool
) -> None:
    many = world(blocks([8] * num_blocks, (0,)), 8 * num_blocks)
    impossible = (num_blocks + 8, "seg 1 spread", HOUR)
    instance = queue(many, (8 * num_blocks, "", HOUR), impossible, (1, "", 60))
    instance = replace(instance, running=(running("01", HOUR),))
    assert set(slurm_backfill(instance, OPTIONS).plan.placement_of) == (
        {"2"} if started else set()
    )
