"""From the rows of a benchmark to figures per engine: gaps, proofs, times, wins and losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from ..heuristics.bench_statistics import (
    bootstrap_interval,
    performance_profile,
    quantile,
    relative_gap,
    sign_test,
)
from .engines import OPTIMAL

Row = Mapping[str, Any]
REFERENCE = "greedy"


@dataclass(frozen=True, slots=True)
class EngineSummary:
    """One engine under one objective.

    Attributes
    ----------
    gaps
        Per instance, in the order of the instances; None on ``priority``, where a percentage means
        nothing.
    shares
        Per term, in order: instances where all earlier terms equal the optimum, and those of them
        where this one does too.
    wins, losses, p_value
        Instances on which it is better and worse than the reference, and the sign test's p.
    """

    engine: str
    num_instances: int
    num_unsupported: int
    gaps: tuple[float, ...] | None
    shares: tuple[tuple[str, int, int], ...]
    times_s: tuple[float, ...]
    wins: int = 0
    losses: int = 0
    p_value: float = 1.0

    @property
    def share_optimal(self) -> float:
        """Share of the instances on which the first term is the best possible."""
        _, seen, equal = self.shares[0] if self.shares else ("", 0, 0)
        return equal / seen if seen else 0.0

    def gap_figures(self) -> dict[str, float]:
        """Median, mean with its interval, 95th percentile and maximum; empty without gaps."""
        if not self.gaps:
            return {}
        low, high = bootstrap_interval(self.gaps, statistic=fmean)
        return {
            "gap_median": median(self.gaps),
            "gap_mean": fmean(self.gaps),
            "gap_mean_low": low,
            "gap_mean_high": high,
            "gap_p95": quantile(self.gaps, 0.95),
            "gap_max": max(self.gaps),
        }

    def time_figures(self) -> dict[str, float]:
        """Median, 95th percentile and maximum of the seconds to a plan."""
        if not self.times_s:
            return {}
        return {
            "time_median_s": median(self.times_s),
            "time_p95_s": quantile(self.times_s, 0.95),
            "time_max_s": max(self.times_s),
        }


@dataclass(frozen=True, slots=True)
class ObjectiveSummary:
    """All engines under one objective, the best one first.

    Attributes
    ----------
    num_instances
        Instances with a row of the exact engine.
    num_proven
        Those whose first term is proven optimal; gaps on the others are to the bound.
    num_proven_all
        Those on which every term is proven.
    profiles
        Performance profile per engine; empty on ``priority``.
    """

    objective: str
    num_instances: int
    num_proven: int
    num_proven_all: int
    engines: tuple[EngineSummary, ...]
    profiles: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def gap_of(row: Row, optimum: Row) -> float | None:
    """Gap of a row's first term to the proven bound; None for a start vector."""
    if not row["terms"] or not optimum["terms"]:
        return None
    value, bound = row["terms"][0]["value"], optimum["terms"][0]["bound"]
    if isinstance(value, str) or bound is None:
        return None
    return relative_gap(value, bound)


def is_equal(mine: Mapping[str, Any], best: Mapping[str, Any]) -> bool:
    """Whether a term has the value that the exact engine found."""
    return bool(mine["value"] == best["value"])


def summarise(rows: Iterable[Row]) -> list[ObjectiveSummary]:
    """Figures per objective; instances without a row of the exact engine are left out."""
    by_objective: dict[str, dict[tuple[Any, ...], dict[str, Row]]] = {}
    for row in rows:
        instance = (row["dataset"], row["seed"], row["legality"])
        by_objective.setdefault(row["objective"], {}).setdefault(instance, {})[row["engine"]] = row
    return [_objective(name, instances) for name, instances in by_objective.items()]


def _objective(
    name: str, instances: Mapping[tuple[Any, ...], Mapping[str, Row]]
) -> ObjectiveSummary:
    solved = {key: found for key, found in instances.items() if OPTIMAL in found}
    optima = [found[OPTIMAL] for found in solved.values()]
    engines = list(dict.fromkeys(engine for found in solved.values() for engine in found))
    summaries = [_engine(engine, list(solved.values())) for engine in engines]
    summaries.sort(key=_rank)
    profiles = performance_profile(
        {summary.engine: summary.gaps for summary in summaries if summary.gaps}
    )
    return ObjectiveSummary(
        objective=name,
        num_instances=len(solved),
        num_proven=sum(bool(row["terms"] and row["terms"][0]["proven"]) for row in optima),
        num_proven_all=sum(row["status"] == "optimal" for row in optima),
        engines=tuple(summaries),
        profiles=profiles,
    )


def _rank(summary: EngineSummary) -> tuple[bool, bool, float, float, str]:
    figures = summary.gap_figures()
    return (
        summary.engine != OPTIMAL,
        summary.num_instances == 0,
        figures.get("gap_mean", 0.0),
        -summary.share_optimal,
        summary.engine,
    )


def _engine(engine: str, instances: Sequence[Mapping[str, Row]]) -> EngineSummary:
    pairs = [
        (found[engine], found[OPTIMAL])
        for found in instances
        if engine in found and found[engine]["status"] != "unsupported"
    ]
    gaps = [gap_of(row, optimum) for row, optimum in pairs]
    wins, losses, p_value = _against_reference(engine, instances)
    return EngineSummary(
        engine=engine,
        num_instances=len(pairs),
        num_unsupported=sum(
            engine in found and found[engine]["status"] == "unsupported" for found in instances
        ),
        gaps=tuple(gap for gap in gaps if gap is not None)
        if any(g is not None for g in gaps)
        else None,
        shares=_shares(pairs),
        times_s=tuple(row["wall_s"] for row, _ in pairs),
        wins=wins,
        losses=losses,
        p_value=p_value,
    )


def _shares(pairs: Sequence[tuple[Row, Row]]) -> tuple[tuple[str, int, int], ...]:
    seen: dict[str, int] = {}
    equal: dict[str, int] = {}
    for row, optimum in pairs:
        for mine, best in zip(row["terms"], optimum["terms"], strict=False):
            name = mine["term"]
            seen[name] = seen.get(name, 0) + 1
            equal[name] = equal.get(name, 0) + is_equal(mine, best)
            if not is_equal(mine, best):
                break
    return tuple((name, seen[name], equal[name]) for name in seen)


def _against_reference(
    engine: str, instances: Sequence[Mapping[str, Row]]
) -> tuple[int, int, float]:
    both = [
        (found[engine]["terms"][0]["value"], found[REFERENCE]["terms"][0]["value"])
        for found in instances
        if engine != REFERENCE
        and all(name in found and found[name]["terms"] for name in (engine, REFERENCE))
    ]
    # Larger values are better, bit strings of equal length compare as they should.
    order = [(mine > other) - (mine < other) for mine, other in both]
    return sign_test([-sign for sign in order], [0] * len(order))


def flat_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """One flat row per cell and term, with its gap: the CSV for one's own analysis."""
    rows = list(rows)
    optima = {
        (row["dataset"], row["seed"], row["legality"], row["objective"]): row
        for row in rows
        if row["engine"] == OPTIMAL
    }
    flat = []
    for row in rows:
        optimum = optima.get((row["dataset"], row["seed"], row["legality"], row["objective"]))
        gap = gap_of(row, optimum) if optimum else None
        for position, term in enumerate(row["terms"]):
            best = optimum["terms"][position] if optimum else None
            flat.append(
                {
                    "dataset": row["dataset"],
                    "seed": row["seed"],
                    "objective": row["objective"],
                    "legality": row["legality"],
                    "engine": row["engine"],
                    "status": row["status"],
                    "term": term["term"],
                    "value": term["value"],
                    "best": best["value"] if best else "",
                    "bound": best["bound"] if best else "",
                    "proven": best["proven"] if best else "",
                    "gap": round(gap, 6) if position == 0 and gap is not None else "",
                    "wall_s": row["wall_s"],
                }
            )
    return flat
