"""The audit as one self-contained page: figures, rack map over time, findings, curves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ...models.audit import Finding, Kind
from ...models.audit.findings import by_weight
from ...models.audit.layers import charges_of, usage_over_time
from ...models.instance import Instance
from ..audit_against import Comparison
from ..audit_files import finding_values, iso
from ..audit_run import Audit
from ..audit_words import duration, figure, hours
from .audit_data import MAX_FINDINGS, num_left_out, page_data
from .curves import Curve, Drawing, draw

MAX_NODELIST = 160


def audit_html(audit: Audit, comparisons: Sequence[Comparison], *, top: int) -> str:
    """The report; opens without a network.

    Parameters
    ----------
    audit
        What was found.
    comparisons
        Counterfactual replays.
    top
        Findings of each kind that are shown before the long list is opened.
    """
    listed = _listed(audit)
    environment = Environment(
        loader=PackageLoader("rackwright.cli", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(hours=hours, duration=duration, figure=figure)
    data = page_data(audit, listed)
    return environment.get_template("audit.html.j2").render(
        audit=audit,
        figures=audit.summary.figures,
        comparisons=comparisons,
        kinds=_by_kind(audit, listed),
        top=top,
        num_unlisted=len(audit.findings) - len(listed),
        num_left_out=num_left_out(audit),
        curves=_curves(audit),
        first=iso(data["first"]),
        last=iso(data["last"]),
        version=version("rackwright"),
        css=Markup(_asset(environment, "audit.css")),
        js=Markup(_asset(environment, "audit.js")),
        data=script_json(data),
    )


def script_json(value: object) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def _asset(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _listed(audit: Audit) -> list[Finding]:
    return sorted(audit.findings, key=by_weight)[:MAX_FINDINGS]


def _by_kind(audit: Audit, listed: Sequence[Finding]) -> list[dict[str, Any]]:
    kinds = []
    for kind in Kind:
        rows = [
            {**_shortened(finding_values(audit.history, finding)), "index": index}
            for index, finding in enumerate(listed)
            if finding.kind is kind
        ]
        if rows:
            kinds.append({"name": kind.value, "rows": rows})
    return kinds


def _shortened(values: dict[str, Any]) -> dict[str, Any]:
    """A long node list is cut: the map shows it, and the other formats have it whole."""
    nodes = values["nodes"]
    if len(nodes) > MAX_NODELIST:
        values["nodes"] = f"{nodes[:MAX_NODELIST].rpartition(',')[0]}, ..."
    return values


def _curves(audit: Audit) -> list[dict[str, Any]]:
    """Nodes over time, and the draw under every cap in watts."""
    eras = audit.history.eras
    if not eras:
        return []
    first_s, last_s = eras[0].start_s, eras[-1].end_s
    most = max(len(era.cluster.nodes) for era in eras)
    drawings: list[dict[str, Any]] = []
    samples = audit.waste.samples
    if samples:
        busy = [(s.start_s, float(s.busy)) for s in samples]
        usable = [(s.start_s, s.busy + s.usable) for s in samples]
        free = [(s.start_s, float(s.busy + s.free)) for s in samples]
        curves = [
            Curve(free, "stranded", "free but stranded"),
            Curve(usable, "usable", "free and usable"),
            Curve(busy, "busy", "busy"),
        ]
        drawings.append(
            {"title": "Nodes", "drawing": draw(curves, first_s, last_s, most), "unit": "nodes"}
        )
    drawings.extend(_power(audit, first_s, last_s))
    return drawings


def _power(audit: Audit, first_s: int, last_s: int) -> list[dict[str, Any]]:
    era = audit.history.eras[-1]
    found: list[dict[str, Any]] = []
    for resource in era.cluster.resources:
        if not resource.is_power or not resource.layers:
            continue
        top = max(range(len(resource.layers)), key=lambda q: len(resource.layers[q].nodes))
        charges = [c for c in charges_of(era, Instance(era.cluster), resource) if c.layer == top]
        steps = usage_over_time(resource, top, charges, era.start_s)
        points = [(step.start_s, float(step.used)) for step in steps]
        capacity = resource.layers[top].capacity
        highest = float(max(capacity, *(step.used for step in steps)))
        drawing: Drawing = draw([Curve(points, "busy", "draw")], first_s, last_s, highest)
        title = f"{resource.name}, layer {resource.layers[top].name or top} of {capacity} W"
        found.append({"title": title, "drawing": drawing, "unit": "W"})
    return found
