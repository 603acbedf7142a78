"""One accounting entry before it is understood: the values of sacct, squeue and traces alike."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RawEntry:
    """Values as recorded; empty, empty tuple or None where the source does not tell.

    `submits` ... `ends` hold every reading of an instant (see `records_clock`).
    """

    job_id: str
    raw_id: str = ""
    sluid: str = ""
    cluster: str = ""
    user: str = ""
    account: str = ""
    name: str = ""
    partition: str = ""
    state: str = ""
    reason: str = ""
    submits: tuple[int, ...] = ()
    eligibles: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()
    elapsed_s: int | None = None
    suspended_s: int = 0
    limit_s: int | None = None
    nodelist: str = ""
    slots: tuple[tuple[str, int], ...] = ()
    num_nodes: int | None = None
    req_nodes: int | None = None
    segment: int | None = None
    exclusive: str | None = None
    submit_line: str | None = None
    tells_eligible: bool = False
    priority: int | None = None
    constraints: str = ""
    licenses: str = ""
    reservation: str = ""
    restarts: int = 0
    power_w: int | None = None
    het_job: bool = False
    spread_segments: bool | None = None
    consolidate_segments: bool | None = None
    source: str = ""
    line: int = 0

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes two entries the same job: SLUID, or id and submission (ids wrap around)."""
        if self.sluid:
            return (self.cluster, self.sluid)
        submitted = str(self.submits[0]) if self.submits else ""
        return (self.cluster, self.raw_id or self.job_id, submitted)
