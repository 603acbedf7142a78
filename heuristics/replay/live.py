"""The cluster during a replay: what runs where, what is away, and the instance a policy sees."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...models.cluster import Cluster
from ...models.instance import Instance, RunningJob
from ...models.job import Job
from ...models.legality import Legality
from ...models.plan import Placement, Plan
from ...models.resources import Mode
from ...models.rules.exclusive import held_nodes
from ...models.rules.start import resolve
from ...models.rules.usage import charge_mode_1, draw_w, overlapping, requested

Charges = Mapping[str, Mapping[int, int]]


@dataclass(frozen=True)
class Held:
    """A running job: its nodes, when its limit ends, and what it is charged for per layer."""

    job: Job
    placement: Placement
    nodes: frozenset[int]
    limit_end_s: int
    charges: Charges
    is_exclusive: bool

    @cached_property
    def mask(self) -> int:
        """The nodes as bits."""
        return mask_of(self.nodes)


class LiveCluster:
    """Mutable state of the replay; every change is one of `start`, `stop`, `take` and `bring`.

    Parameters
    ----------
    shows_running
        Whether instances list every running job, for engines that plan in time; otherwise only
        the exclusive ones, and the others' nodes as allocated, which is quicker.

    Attributes
    ----------
    running
        By job id, in order of start; their jobs know when they started.
    releases
        Counts what can only help waiting jobs: ends and repairs. What did not fit stays unfit
        until it grows.
    """

    def __init__(
        self, cluster: Cluster, legality: Legality, *, shows_running: bool = False
    ) -> None:
        self.cluster = cluster
        self.legality = legality
        self.running: dict[str, Held] = {}
        self.releases = 0
        self._everything = frozenset(range(len(cluster.nodes)))
        self._away: dict[int, int] = {}
        self._owner: dict[int, str] = {}
        self._used = {entry.name: [0] * len(entry.layers) for entry in cluster.resources}
        self._has_exclusive = 0
        self._shows_running = shows_running

    @property
    def num_busy(self) -> int:
        """Nodes that jobs hold."""
        return len(self._owner)

    @property
    def num_free(self) -> int:
        """Nodes that are up and not held."""
        return len(self._everything) - len(self._owner.keys() | self._away.keys())

    @property
    def free_mask(self) -> int:
        """The free nodes as bits."""
        return mask_of(self._everything - self._owner.keys() - self._away.keys())

    def owner(self, node: int) -> str | None:
        """Id of the job on a node."""
        return self._owner.get(node)

    def take(self, node: int) -> None:
        """A node goes away; whatever runs on it is the caller's business."""
        self._away[node] = self._away.get(node, 0) + 1

    def bring(self, node: int) -> None:
        """A node returns, unless another outage of it still lasts."""
        left = self._away[node] - 1
        if left:
            self._away[node] = left
        else:
            del self._away[node]
            self.releases += 1

    def instance(
        self,
        jobs: Sequence[Job],
        now_s: int,
        *,
        ended: Collection[str] = (),
        closed: frozenset[int] = frozenset(),
        extra: Iterable[Charges] = (),
    ) -> Instance:
        """What a policy sees.

        Parameters
        ----------
        ended
            Ids of running jobs that are taken to have ended.
        closed
            Nodes that count as unavailable.
        extra
            Charges of jobs that do not run yet.
        """
        gone = frozenset(ended)
        exclusive, plain = [], set(self._owner)
        held_by_exclusive: set[int] = set()
        if self._has_exclusive or gone or self._shows_running:
            for job_id, held in self.running.items():
                if job_id in gone:
                    plain -= held.nodes
                elif held.is_exclusive or self._shows_running:
                    plain -= held.nodes
                    held_by_exclusive |= held.nodes
                    exclusive.append(RunningJob(held.job, held.nodes, held.placement.partition))
        return Instance(
            cluster=self.cluster,
            jobs=tuple(jobs),
            running=tuple(exclusive),
            unavailable=(closed | self._away.keys()) - plain - held_by_exclusive,
            allocated=frozenset(plain),
            used=self._used_amounts(gone, extra),
            now_s=now_s,
        )

    def _used_amounts(
        self, gone: frozenset[str], extra: Iterable[Charges]
    ) -> dict[str, tuple[int, ...]]:
        if not self._used:
            return {}
        used = {name: list(amounts) for name, amounts in self._used.items()}
        for job_id in gone:
            _add(used, self.running[job_id].charges, -1)
        for charges in extra:
            _add(used, charges, 1)
        return {name: tuple(amounts) for name, amounts in used.items()}

    def reserved_idle(self, now_s: int) -> int:
        """Idle nodes that nobody may use because an exclusive job holds their unit."""
        if not self._has_exclusive:
            return 0
        instance = self.instance((), now_s)
        closed: set[int] = set()
        for topology in self.cluster.topologies:
            closed |= held_nodes(instance, topology, self.legality) & instance.free
        return len(closed)

    def start(
        self, placements: Sequence[Placement], instance: Instance, ends_s: Mapping[str, int]
    ) -> None:
        """Start jobs of a plan for `instance`; `ends_s` tells when their limits end."""
        charges = charges_of(placements, instance, self.legality)
        for placement in placements:
            job = instance.job_with_id[placement.job_id]
            partition = self.cluster.partition_named[placement.partition]
            held = Held(
                job=replace(job, start_s=instance.now_s),
                placement=placement,
                nodes=frozenset(placement.nodes),
                limit_end_s=ends_s[job.job_id],
                charges=charges[job.job_id],
                is_exclusive=instance.is_exclusive(job, partition),
            )
            taken = [node for node in held.nodes if node in self._owner or node in self._away]
            if taken:
                raise ValueError(f"job {job.job_id} was placed on taken nodes {taken[:5]}")
            self.running[job.job_id] = held
            self._has_exclusive += held.is_exclusive
            self._owner.update(dict.fromkeys(held.nodes, job.job_id))
            _add(self._used, held.charges, 1)

    def stop(self, job_id: str) -> Held:
        """A job ends or is killed; its nodes are free at once."""
        held = self.running.pop(job_id)
        for node in held.nodes:
            del self._owner[node]
        _add(self._used, held.charges, -1)
        self._has_exclusive -= held.is_exclusive
        self.releases += 1
        return held


def charges_of(
    placements: Sequence[Placement], instance: Instance, legality: Legality
) -> dict[str, Charges]:
    """Per job id, resource and layer, what these placements are charged (section 5.3)."""
    found: dict[str, dict[str, dict[int, int]]] = {
        placement.job_id: {} for placement in placements
    }
    if not instance.cluster.resources:
        return dict(found)
    starts = resolve(instance, Plan(tuple(placements)), legality)
    for resource in instance.cluster.resources:
        one_layer = (
            charge_mode_1(starts, resource)
            if resource.mode is Mode.MODE_1 and not resource.is_power
            else None
        )
        for start in starts:
            amounts: dict[int, int] = {}
            if resource.is_power or resource.mode is Mode.MODE_3:
                for node in start.nodes:
                    amount = (
                        draw_w(instance, start.job, node, resource)
                        if resource.is_power
                        else requested(start.job, resource)
                    )
                    for layer in resource.layers_of.get(node, ()) if amount else ():
                        amounts[layer] = amounts.get(layer, 0) + amount
            elif one_layer is not None:
                charged = one_layer.get(start.job.job_id)
                if charged is not None:
                    amounts[charged] = requested(start.job, resource)
            elif requested(start.job, resource):
                amount = requested(start.job, resource)
                amounts = dict.fromkeys(overlapping(resource, start.nodes), amount)
            if amounts:
                found[start.job.job_id][resource.name] = amounts
    return dict(found)


def mask_of(nodes: Iterable[int]) -> int:
    """A set of node indices as bits."""
    mask = 0
    for node in nodes:
        mask |= 1 << node
    return mask


def _add(used: dict[str, list[int]], charges: Charges, sign: int) -> None:
    for name, amounts in charges.items():
        for layer, amount in amounts.items():
            used[name][layer] += sign * amount
