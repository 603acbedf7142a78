"""Linear programs on which the primal method does not come to an end."""

from __future__ import annotations

import pytest

from rackwright.solver.aggregates import simplex


def test_the_dual_method_takes_over_where_the_primal_one_does_not_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simplex, "MOST_STEPS", 1)
    monkeypatch.setattr(simplex, "USUAL", "use_preprocessing: false max_number_of_iterations: 1")
    solver = simplex.linear_program()
    columns = [solver.NumVar(0, 10, "") for _ in range(12)]
    for first, second, third in zip(columns, columns[1:], columns[2:], strict=False):
        solver.Add(first + 2 * second + third <= 7)
    solver.Maximize(sum((3 + number % 4) * column for number, column in enumerate(columns)))
    solver.Solve()
    assert solver.iterations() <= 1
    limited = solver.Objective().Value()
    assert simplex.solved(solver)
    assert solver.Objective().Value() > limited
    assert simplex.solved(solver)
