"""A plan as tables: what starts and where, what does not and why, what it is worth."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..models.formats.plan_file import units_touched
from ..models.hostlist import fold
from ..models.instance import Instance
from ..models.job import Job
from ..models.plan import Placement, PlanResult, Reason, TermValue, Unplaced
from .left_over import LayerUse, LeftOver
from .rack_map import RackMap
from .text import escape_control

# Up to here every segment gets its own line; more are told by their number.
MAX_SEGMENT_LINES = 4
MAX_NODELIST = 240
MAX_BLOCKS = 90
BLOCKS_WIDTH = 24
# What the columns before the nodelist usually take, and the least that is left for it.
OTHER_COLUMNS = 66
MIN_NODELIST_WIDTH = 32
MAX_SIZES = 10
MAX_LAYERS = 12

_REASON_STYLES = {
    Reason.WAITS: "yellow",
    Reason.NEVER: "red",
    Reason.INELIGIBLE: "dim",
    Reason.UNDECIDED: "magenta",
}
_VERBS = {
    Reason.WAITS: "waits",
    Reason.NEVER: "can never run",
    Reason.INELIGIBLE: "is ineligible",
    Reason.UNDECIDED: "is undecided",
}


def print_headline(console: Console, instance: Instance, result: PlanResult) -> None:
    """Who planned what, and whether it is proven."""
    started = len(result.plan.placements)
    nodes = sum(len(placement.nodes) for placement in result.plan.placements)
    text = Text()
    if result.status == "optimal":
        text.append("PROVEN OPTIMAL", "bold green")
    else:
        text.append("FEASIBLE, not proven optimal", "bold yellow")
    text.append(f"  {started} of {len(instance.jobs)} pending jobs start on {nodes:,} nodes")
    text.append(
        f"  (engine {result.engine}, {result.options.legality.value}, {result.wall_s:.2f} s)",
        "dim",
    )
    console.print(text)


def print_started(
    console: Console, instance: Instance, result: PlanResult, rack_map: RackMap | None
) -> None:
    """One row per started job."""
    placements = result.plan.placements
    if not placements:
        nothing = "Nothing starts." if instance.jobs else "No pending jobs: this is what is free."
        console.print(Text(nothing, "yellow"))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    if rack_map is not None:
        table.add_column("Key", no_wrap=True)
    table.add_column("Job", no_wrap=True)
    has_names = any(instance.job_with_id[placement.job_id].name for placement in placements)
    if has_names:
        table.add_column("Name", max_width=20, no_wrap=True, overflow="ellipsis")
    table.add_column("Nodes", justify="right", no_wrap=True)
    table.add_column("Segments", no_wrap=True)
    table.add_column("Blocks", overflow="fold", max_width=BLOCKS_WIDTH)
    table.add_column("Nodelist", overflow="fold")
    width = max(MIN_NODELIST_WIDTH, console.width - OTHER_COLUMNS)
    for placement in placements:
        job = instance.job_with_id[placement.job_id]
        blocks = _clipped(_blocks(instance, placement), MAX_BLOCKS)
        cells = [
            _safe(job.job_id),
            *([_safe(job.name)] if has_names else []),
            Text(str(len(placement.nodes))),
            Text(_segments(placement)),
            _safe(_wrapped(blocks, BLOCKS_WIDTH)),
            _safe(_nodelists(instance, placement, width)),
        ]
        if rack_map is not None:
            cells.insert(0, Text(rack_map.letter(job.job_id), "bold"))
        table.add_row(*cells)
    console.print(table)


def _segments(placement: Placement) -> str:
    sizes = sorted({len(segment) for segment in placement.segments})
    count = len(placement.segments)
    return "-" if count == 1 else f"{count} x {'/'.join(map(str, sizes))}"


def _blocks(instance: Instance, placement: Placement) -> str:
    cluster = instance.cluster
    topology = cluster.topology_of(cluster.partition_named[placement.partition])
    return fold(units_touched(topology, placement.nodes), keep_order=True)


def _nodelists(instance: Instance, placement: Placement, width: int) -> str:
    segments: Sequence[tuple[int, ...]] = placement.segments
    if len(segments) > MAX_SEGMENT_LINES:
        segments = [placement.nodes]
    folded = (_clipped(fold(instance.cluster.names(each)), MAX_NODELIST) for each in segments)
    return "\n".join(_wrapped(text, width) for text in folded)


def _clipped(hostlist: str, length: int) -> str:
    """At most `length` characters of a hostlist, cut at a comma."""
    if len(hostlist) <= length:
        return hostlist
    return f"{hostlist[:length].rpartition(',')[0]}, ... (--json)"


def _wrapped(hostlist: str, width: int) -> str:
    """Lines of at most `width` characters, broken after commas where possible."""
    lines = [""]
    for part in re.findall("[^,]*,|[^,]+", hostlist):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def print_unplaced(console: Console, instance: Instance, unplaced: Sequence[Unplaced]) -> None:
    """One line per job that does not start."""
    jobs: dict[str, Job] = dict(instance.job_with_id)
    jobs.update({item.job.job_id: item.job for item in instance.ineligible})
    if unplaced:
        lines = (_unplaced_line(jobs[item.job_id], item) for item in unplaced)
        # In one piece: what a console does for every print costs more than a line.
        console.print(Text("\n").join(lines), soft_wrap=True)
        console.print()


def _unplaced_line(job: Job, item: Unplaced) -> Text:
    size = _nodes(job.num_nodes)
    text = Text("Job ")
    text.append(escape_control(item.job_id), "bold")
    text.append(f" ({escape_control(job.name)}, {size})" if job.name else f" ({size})")
    text.append(f" {_VERBS[item.reason]}", _REASON_STYLES[item.reason])
    # An ineligible job breaks no rule: its message says what Slurm waits for.
    text.append(f": {item.rule}: " if item.rule else ": ", "dim")
    text.append(escape_control(item.message))
    return text


def print_score(console: Console, result: PlanResult) -> None:
    """One row per term: value, bound, proven or the gap."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("Score term", "Value", "Bound", "Proof"):
        table.add_column(heading, justify="right" if heading in ("Value", "Bound") else "left")
    for term in result.objective:
        value, bound = _readable(term, term.value), _readable(term, term.bound)
        name = f"{term.term} ({'min' if term.is_minimised else 'max'})"
        table.add_row(name, value, bound, _proof(term))
    console.print(table)


def _readable(term: TermValue, value: int | str | None) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, str):
        return value if 0 < len(value) <= 32 else f"{value.count('1')} of {len(value)} start"
    return f"{value:,}"


def _proof(term: TermValue) -> Text:
    if term.proven:
        return Text("proven", "green")
    if term.term == "priority":
        through = term.proven_through
        shown = f"proven through job {escape_control(through)}" if through else "not proven"
        return Text(shown, "yellow")
    if isinstance(term.bound, int) and isinstance(term.value, int):
        gap = abs(term.bound - term.value) / max(1, abs(term.bound), abs(term.value))
        return Text(f"gap {gap:.2%}", "yellow")
    return Text("no bound", "yellow")


def print_left_over(console: Console, left: Sequence[LeftOver]) -> None:
    """How many segments of every size still fit, and how many nodes are stranded for it."""
    topologies = list(dict.fromkeys(item.topology for item in left))
    for topology in topologies:
        items = [item for item in left if item.topology == topology]
        shown = sorted(items, key=lambda item: -item.weight * item.size)[:MAX_SIZES]
        shown.sort(key=lambda item: item.size)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        where = f" on {escape_control(topology)}" if len(topologies) > 1 else ""
        heading = f"Left{where}: {_nodes(items[0].num_left)}; for segments of"
        table.add_column(Text(heading), no_wrap=True)
        for item in shown:
            table.add_column(str(item.size), justify="right", no_wrap=True)
        table.add_row("still fit", *(f"{item.fit:,}" for item in shown))
        table.add_row("stranded nodes", *(f"{item.stranded:,}" for item in shown))
        console.print(table)


def print_layers(console: Console, layers: Sequence[LayerUse]) -> None:
    """Headroom of the power layers, the tightest first."""
    if not layers:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Power layer", overflow="fold", max_width=40)
    for heading in ("Capacity", "Used", "This plan", "Headroom", ""):
        table.add_column(heading, justify="right")
    tightest = sorted(layers, key=lambda layer: layer.headroom)[:MAX_LAYERS]
    for layer in tightest:
        table.add_row(
            _safe(layer.name),
            f"{layer.capacity:,}",
            f"{layer.used_before:,}",
            f"{layer.planned:,}",
            f"{layer.capacity - layer.used_before - layer.planned:,}",
            f"{layer.headroom:.1%}",
        )
    console.print(table)
    if len(layers) > len(tightest):
        console.print(
            Text(f"the {len(tightest)} tightest of {len(layers)} layers are shown", "dim")
        )


def _nodes(count: int) -> str:
    return f"{count:,} node{'' if count == 1 else 's'}"


def _safe(text: str) -> Text:
    """A cell of user text: markup stays text, control characters are shown escaped."""
    return Text("\n".join(escape_control(line) for line in text.split("\n")))
