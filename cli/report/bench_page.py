"""A benchmark as one HTML page that needs nothing else: tables, profiles, gaps and times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..bench_summary import ObjectiveSummary, Row
from ..bench_table import summary_records
from ..engines import OPTIMAL

# Colours that stay apart for most colour-blind readers (Okabe and Ito), cycled.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
DASHES = ("solid", "dash", "dot")


def bench_page(rows: Sequence[Row], summaries: Sequence[ObjectiveSummary]) -> str:
    """The page; equal rows give equal bytes."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rackwright.cli", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = [figure for summary in summaries for figure in _figures(summary, rows)]
    html = [
        figure.to_html(
            full_html=False,
            include_plotlyjs=index == 0,
            div_id=f"plot{index}",
            config={"displaylogo": False, "responsive": True},
        )
        for index, figure in enumerate(figures)
    ]
    return environment.get_template("bench.html.j2").render(
        summaries=[(summary, _table(summary)) for summary in summaries],
        plots=html,
        environment=dict(rows[0]["environment"]) if rows else {},
        num_rows=len(rows),
        instances=sorted({(row["dataset"], row["num_nodes"], row["num_jobs"]) for row in rows}),
    )


def _table(summary: ObjectiveSummary) -> list[dict[str, str]]:
    table = []
    for record in summary_records([summary]):
        cells = {
            "engine": record["engine"],
            "instances": str(record["instances"]),
            "best possible": f"{record['share_optimal']:.0%}",
        }
        if any("gap_median" in other for other in summary_records([summary])):
            for name, key in (
                ("median", "gap_median"),
                ("mean", "gap_mean"),
                ("p95", "gap_p95"),
                ("max", "gap_max"),
            ):
                cells[f"lost, {name}"] = f"{record[key]:.2%}" if key in record else "-"
            cells["95 % CI of the mean"] = (
                f"{record['gap_mean_low']:.2%} .. {record['gap_mean_high']:.2%}"
                if "gap_mean_low" in record
                else "-"
            )
        cells["better / worse than greedy"] = f"{record['wins']} / {record['losses']}"
        cells["p (sign test)"] = f"{record['p_value']:.3g}"
        if "time_median_s" in record:
            cells["time, median"] = f"{record['time_median_s'] * 1000:.1f} ms"
            cells["time, max"] = f"{record['time_max_s'] * 1000:.1f} ms"
        table.append(cells)
    return table


def _figures(summary: ObjectiveSummary, rows: Sequence[Row]) -> list[Any]:
    style = {
        engine.engine: {
            "color": COLOURS[index % len(COLOURS)],
            "dash": DASHES[index // len(COLOURS) % len(DASHES)],
        }
        for index, engine in enumerate(summary.engines)
    }
    figures = [_terms(summary)]
    if summary.profiles:
        figures = [_profile(summary, style), _gaps(summary, style), *figures]
    return [*figures, _times(summary, rows, style)]


def _layout(figure: Any, title: str, x: str, y: str) -> Any:
    figure.update_layout(
        title=title,
        xaxis_title=x,
        yaxis_title=y,
        template="plotly_white",
        height=460,
        margin={"l": 70, "r": 20, "t": 60, "b": 60},
        legend={"font": {"size": 11}},
    )
    return figure


def _profile(summary: ObjectiveSummary, style: dict[str, dict[str, str]]) -> Any:
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    farthest = max((steps[-1][0] for steps in summary.profiles.values() if steps), default=0.0)
    for engine, steps in summary.profiles.items():
        x = [100 * gap for gap, _ in steps] + [100 * farthest]
        y = [100 * share for _, share in steps] + [100 * steps[-1][1]]
        line = style[engine] | {"shape": "hv", "width": 2}
        figure.add_trace(Scatter(x=x, y=y, name=engine, mode="lines", line=line))
    return _layout(
        figure,
        f"{summary.objective}: performance profile",
        "lost to the optimum, at most (%)",
        "share of the instances (%)",
    )


def _gaps(summary: ObjectiveSummary, style: dict[str, dict[str, str]]) -> Any:
    from plotly.graph_objects import Box, Figure

    figure = Figure()
    for engine in summary.engines:
        if engine.gaps and engine.engine != OPTIMAL:
            figure.add_trace(
                Box(
                    y=[100 * gap for gap in engine.gaps],
                    name=engine.engine,
                    marker_color=style[engine.engine]["color"],
                    boxpoints="outliers",
                    showlegend=False,
                )
            )
    return _layout(
        figure, f"{summary.objective}: lost to the optimum", "", "lost to the optimum (%)"
    )


def _terms(summary: ObjectiveSummary) -> Any:
    from plotly.graph_objects import Bar, Figure

    figure = Figure()
    names = [engine.engine for engine in summary.engines]
    terms = dict.fromkeys(term for engine in summary.engines for term, _, _ in engine.shares)
    for index, term in enumerate(terms):
        shares = []
        for engine in summary.engines:
            found = [(seen, equal) for name, seen, equal in engine.shares if name == term]
            shares.append(100 * found[0][1] / found[0][0] if found and found[0][0] else 0.0)
        figure.add_trace(Bar(x=names, y=shares, name=term, marker_color=COLOURS[index]))
    return _layout(
        figure,
        f"{summary.objective}: term by term, where all earlier terms are the best possible",
        "",
        "instances with the best value (%)",
    )


def _times(
    summary: ObjectiveSummary, rows: Sequence[Row], style: dict[str, dict[str, str]]
) -> Any:
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    for engine in summary.engines:
        own = [
            row
            for row in rows
            if row["engine"] == engine.engine
            and row["objective"] == summary.objective
            and "wall_s" in row
        ]
        figure.add_trace(
            Scatter(
                x=[row["num_nodes"] for row in own],
                y=[max(row["wall_s"], 1e-4) for row in own],
                name=engine.engine,
                mode="markers",
                text=[row["dataset"] for row in own],
                marker={"color": style[engine.engine]["color"], "size": 7},
            )
        )
    figure.update_xaxes(type="log")
    figure.update_yaxes(type="log")
    return _layout(figure, f"{summary.objective}: time to a plan", "nodes", "seconds")
