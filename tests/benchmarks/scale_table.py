"""The table of the scale benchmark: rows of single runs become medians over their seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from measuring import Row, markdown, percent, shown
from scale_cell import ENGINES

COLUMNS = (
    *("racks", "jobs", "options", "objective", "engine", "budget s", "seeds"),
    *("first plan s", "1 % s", "proof s", "capacity proof s", "all proofs s", "ended s"),
    *("gap", "open", "MiB"),
)
GROWTH_COLUMNS = (
    *("racks", "jobs", "started", "variables", "seeds"),
    *("first plan s", "proof s", "all proofs s", "CPU s", "MiB"),
)
MEDIANS = (
    *("started", "variables", "CPU s"),
    *("first plan s", "1 % s", "proof s", "capacity proof s", "all proofs s"),
)
INSTANCE = ("racks", "jobs", "options", "objective", "seed")
CASE = ("racks", "jobs", "options", "objective", "engine", "budget s")
ONE_PERCENT = 0.01


def judge(rows: list[Row]) -> None:
    """Add to every row what depends on the best bound that any run proved on its instance."""
    same: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        same[tuple(row[name] for name in INSTANCE)].append(row)
    for group in same.values():
        bounds = [row["bound"] for row in group if row.get("bound") is not None]
        for row in group:
            plans = row.get("plans") or []
            row["first plan s"] = plans[0][0] if plans else None
            if bounds and plans:
                row["gap"] = gap(row["value"], min(bounds))
            if bounds and not isinstance(min(bounds), str):
                row["1 % s"], row["is late"] = reached(plans, (1 - ONE_PERCENT) * min(bounds))


def gap(value: int | str, bound: int | str) -> float:
    """Share of the bound; for start vectors how many jobs come before the first one not decided.

    That is the first job which the bound starts and the plan does not; infinite if there is none.
    """
    if isinstance(value, str) or isinstance(bound, str):
        pairs = zip(str(value), str(bound), strict=True)
        different = (place for place, (mine, best) in enumerate(pairs) if mine != best)
        return next(different, float("inf"))
    return (bound - value) / bound if bound else 0.0


def reached(plans: Sequence[tuple[float, int]], wanted: float) -> tuple[float | None, bool]:
    """When the first plan was worth so much, and whether an earlier one may have been.

    Between the last plan but one and the end an engine may have had plans that it did not tell.
    """
    for place, (seconds, value) in enumerate(plans):
        if value >= wanted:
            return seconds, 0 < place == len(plans) - 1
    return None, False


def table(rows: list[Row]) -> str:
    """One line per case and engine."""
    judge(rows)
    return markdown([_line(group) for group in _cases(rows)], COLUMNS)


def growth(rows: list[Row]) -> str:
    """Seconds per size, and the ratio of the largest hall to the smallest."""
    judge(rows)
    lines = [_line(group) for group in _cases(rows)]
    shortest, longest = lines[0], lines[-1]
    ratios = {name: longest[name] / shortest[name] for name in ("racks", "CPU s")}
    return (
        f"{markdown(lines, GROWTH_COLUMNS)}\n\nfrom {shortest['racks']:,} to "
        f"{longest['racks']:,} racks ({ratios['racks']:.0f} x) the time of the processor "
        f"grows {ratios['CPU s']:.1f} x"
    )


def middle(values: Iterable[float | None]) -> float | None:
    """The lower median; what was not reached counts as infinite, and gives None."""
    ordered = sorted(float("inf") if value is None else value for value in values)
    found = ordered[(len(ordered) - 1) // 2]
    return None if found == float("inf") else found


def _cases(rows: list[Row]) -> list[list[Row]]:
    """Rows that differ in the seed only; of one cell the last row counts."""
    cases: dict[tuple[object, ...], dict[int, Row]] = defaultdict(dict)
    for row in rows:
        cases[tuple(row[name] for name in CASE)][row["seed"]] = row
    return [list(cases[case].values()) for case in sorted(cases, key=_position)]


def _position(case: tuple[object, ...]) -> tuple[object, ...]:
    racks, jobs, options, objective, engine, budget_s = case
    place = ENGINES.index(engine) if engine in ENGINES else len(ENGINES)
    return racks, jobs, objective != "weighted", str(options) != "plain", options, place, budget_s


def _line(group: list[Row]) -> Row:
    line: Row = {name: group[0][name] for name in CASE}
    for name in MEDIANS:
        line[name] = middle(row.get(name) for row in group)
    is_late = any(row.get("is late") for row in group)
    if is_late and line["1 % s"] is not None:
        line["1 % s"] = f"<= {shown(line['1 % s'])}"
    ended = middle(row.get("seconds") for row in group)
    killed = max((row["killed s"] for row in group if "killed s" in row), default=None)
    line["ended s"] = f"killed, {killed:.0f}" if ended is None and killed else ended
    line["gap"] = _gap_shown(group)
    line["open"] = ", ".join(sorted({row["open"] for row in group if row.get("open")}))
    return line | {"seeds": len(group), "MiB": max(row["MiB"] for row in group)}


def _gap_shown(group: list[Row]) -> str:
    gaps = sorted(row["gap"] for row in group if row.get("gap") is not None)
    if len(gaps) < len(group):
        return "-"
    if group[0]["objective"] != "priority":
        return percent(middle(gaps))
    decided = gaps[(len(gaps) - 1) // 2]
    return "none" if decided == float("inf") else f"from job {decided + 1:,}"
