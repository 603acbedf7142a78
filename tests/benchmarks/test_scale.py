"""The scale benchmark takes its figures from plans; in its medians "never" is the longest time."""

from __future__ import annotations

from typing import Any

from scale_cell import Cell, run_cell
from scale_table import gap, judge, middle, reached, table


def row(engine: str, seed: int = 0, **measured: Any) -> dict[str, Any]:
    given = {"racks": 4, "jobs": 8, "options": "plain", "objective": "weighted", "budget s": 5.0}
    return given | {"engine": engine, "seed": seed, "MiB": 90, **measured}


def test_gaps_are_to_the_best_bound_that_any_run_proved() -> None:
    exact = row("optimal", plans=[(0.1, 90), (0.5, 99)], value=99, bound=100)
    plain = row("plain-model", plans=[(2.0, 50)], value=50, bound=120)
    fast = row("greedy", plans=[(0.1, 90)], value=90)
    elsewhere = row("greedy", seed=1, plans=[(0.1, 90)], value=90)
    judge([exact, plain, fast, elsewhere])
    assert [exact["gap"], plain["gap"], fast["gap"]] == [0.01, 0.5, 0.1]
    assert "gap" not in elsewhere
    assert exact["1 % s"] == 0.5
    assert fast["1 % s"] is None


def test_a_last_plan_may_have_been_there_earlier() -> None:
    assert reached([(0.1, 90), (0.2, 99), (5.0, 100)], 99) == (0.2, False)
    assert reached([(0.1, 90), (5.0, 100)], 99) == (5.0, True)
    assert reached([(0.1, 100)], 99) == (0.1, False)
    assert reached([(0.1, 90)], 99) == (None, False)


def test_start_vectors_are_compared_up_to_the_first_job_they_miss() -> None:
    assert gap("1101", "1111") == 2
    assert gap("1101", "1101") == float("inf")


def test_median_over_seeds_of_which_some_were_not_reached() -> None:
    assert middle([3.0, None, 1.0]) == 3.0
    assert middle([3.0, None, None]) is None


def test_seeds_of_a_case_share_a_line_and_repeated_runs_replace_each_other() -> None:
    first = row("optimal", plans=[(0.1, 80)], value=80, bound=100, seconds=9.0)
    again = row("optimal", plans=[(0.1, 100)], value=100, bound=100, seconds=1.0)
    other = row("optimal", seed=1, plans=[(0.1, 100)], value=100, bound=100, seconds=1.0)
    lines = table([first, again, other]).splitlines()
    assert len(lines) == 3
    assert "0.00 %" in lines[2]


def test_a_run_tells_only_plans_and_at_most_its_result() -> None:
    ran = run_cell(Cell(16, 40, "all", "weighted", "optimal", 0, 10.0))
    values = [value for _, value in ran["plans"]]
    assert values[-1] == ran["value"] == max(values) <= ran["bound"]
    assert [at for at, _ in ran["plans"]] == sorted(at for at, _ in ran["plans"])


def test_every_heuristic_gives_its_plan() -> None:
    for engine in ("greedy", "greedy+ls", "slurm"):
        ran = run_cell(Cell(4, 8, "plain", "weighted", engine, 0, 1.0))
        assert ran["plans"][-1] == (ran["seconds"], ran["value"])
