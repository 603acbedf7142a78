"""Kueue's topology-aware scheduling on plain counts: how many of `count` go to which leaf.

Written from peers.md C.2-C.4 (KEP-2724); pods are slots, hosts or racks are leaves. Leaders,
node affinity and replacement are Kueue's own business and not modelled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .kueue_balanced import find_balanced
from .kueue_tree import Domain, Path, levels_of


@dataclass(frozen=True, slots=True)
class Request:
    """One pod set.

    Attributes
    ----------
    count
        Pods.
    required, preferred
        Level (0 = coarsest) of the one domain that must, or should, hold all of them.
    slices
        ``(level, size)`` coarse to fine: domains of that level hold multiples of `size`.
    """

    count: int
    required: int | None = None
    preferred: int | None = None
    slices: tuple[tuple[int, int], ...] = ()


def assign(
    slots: Mapping[Path, int],
    request: Request,
    *,
    least_free: bool = False,
    balanced: bool = False,
) -> dict[Path, int] | None:
    """Pods per leaf, or None if Kueue finds no assignment.

    Parameters
    ----------
    slots
        Free slots per leaf.
    least_free
        TASProfileMixed: requests without a level start from the smallest domains.
    balanced
        TASBalancedPlacement: requests with a preferred level are spread evenly.
    """
    levels = levels_of(slots)
    if not levels or not _is_valid(request, len(levels)):
        return None
    return _Assignment(levels, request, least_free, balanced).run()


def _is_valid(request: Request, depth: int) -> bool:
    """Slices divide the count, and each layer the one above it; none is above the level."""
    sizes = [request.count, *(size for _, size in request.slices)]
    if any(fine <= 0 or coarse % fine for coarse, fine in pairwise(sizes)):
        return False
    named = (request.required, request.preferred)
    top = next((level for level in named if level is not None), 0)
    slice_levels = [level for level, _ in request.slices]
    ascending = all(a < b for a, b in pairwise(slice_levels))
    return ascending and all(top <= level < depth for level in slice_levels or [depth - 1])


class _Assignment:
    """One request on one tree."""

    def __init__(
        self, levels: list[list[Domain]], request: Request, least_free: bool, balanced: bool
    ) -> None:
        self._levels = levels
        self._request = request
        lowest = len(levels) - 1
        self._slice_level, self._slice_size = request.slices[0] if request.slices else (lowest, 1)
        self._inner: dict[int, int] = {}
        for (above, _), (level, size) in pairwise(request.slices):
            self._inner.update(dict.fromkeys(range(above + 1, level + 1), size))
        self._is_unconstrained = request.required is None and request.preferred is None
        self._ascending = least_free and self._is_unconstrained
        self._balances = balanced and request.preferred is not None
        if request.required is not None:
            self._level = request.required
        elif request.preferred is not None:
            self._level = request.preferred
        else:
            self._level = 0 if request.slices else lowest
        self._wanted = request.count // self._slice_size

    def run(self) -> dict[Path, int] | None:
        for root in self._levels[0]:
            self._count(root, 0, self._inner)
        found = self._find_balanced() if self._balances else None
        is_balanced = found is not None
        if found is None:
            found = self._find(self._level)
        if found is None:
            return None
        level, domains = found
        domains = self._distribute(domains, self._request.count, self._slice_size)
        lowest = len(self._levels) - 1
        while level < min(lowest, self._slice_level) and not is_balanced:
            # Above the slices the children of all domains are pooled (C.2, phase 2b).
            children = [child for domain in domains for child in domain.children]
            domains = self._distribute(
                self._sorted(children), self._request.count, self._slice_size
            )
            level += 1
        while level < lowest:
            domains = [
                child for domain in domains for child in self._distribute_below(domain, level)
            ]
            level += 1
        return {domain.path: domain.pods for domain in domains if domain.pods}

    def _count(self, domain: Domain, level: int, inner: Mapping[int, int]) -> None:
        """Phase 1: pods and slices that fit, bottom-up."""
        if domain.children:
            size = inner.get(level + 1, 1)
            for child in domain.children:
                self._count(child, level + 1, inner)
            domain.pods = sum(child.pods // size * size for child in domain.children)
            domain.slices = sum(child.slices for child in domain.children)
        if level == self._slice_level:
            domain.slices = domain.pods // self._slice_size
        elif not domain.children:
            domain.slices = 0

    def _sorted(self, domains: Sequence[Domain]) -> list[Domain]:
        """Most slices first (least-free: fewest), then fewest pods, then by name."""
        sign = 1 if self._ascending else -1
        return sorted(domains, key=lambda domain: (sign * domain.slices, domain.pods, domain.path))

    def _find(self, level: int) -> tuple[int, list[Domain]] | None:
        """Phase 2a: the level and the domains that take the request."""
        ordered = self._sorted(self._levels[level])
        if self._ascending:
            for domain in ordered:
                if domain.slices >= self._wanted:
                    return level, [domain]
        elif ordered[0].slices >= self._wanted:
            return level, [_tightest(ordered, self._wanted, by_slices=True)]
        if self._request.required is not None:
            return None
        if level > 0 and not self._is_unconstrained:
            return self._find(level - 1)
        taken: list[Domain] = []
        remaining = self._wanted
        for at, candidate in enumerate(ordered):
            if remaining <= 0:
                break
            domain = candidate
            if not self._ascending and domain.slices >= remaining:
                domain = _tightest(ordered[at:], remaining, by_slices=True)
            taken.append(domain)
            remaining -= domain.slices
        return None if remaining > 0 else (level, taken)

    def _distribute(self, domains: Sequence[Domain], count: int, size: int) -> list[Domain]:
        """Give `count` pods in slices of `size` to the domains in order; the last fits best."""
        taken: list[Domain] = []
        remaining = count // size
        for at, candidate in enumerate(domains):
            domain = candidate
            if not self._ascending and domain.slices >= remaining:
                domain = _tightest(domains[at:], remaining, by_slices=True)
            domain.slices = min(domain.slices, remaining)
            domain.pods = domain.slices * size
            remaining -= domain.slices
            taken.append(domain)
            if not remaining:
                break
        return taken

    def _distribute_below(self, parent: Domain, level: int) -> list[Domain]:
        """At and below the slices (and when balanced) each parent feeds its own children."""
        size = self._slice_size
        if level >= self._slice_level:
            size = self._inner.get(level + 1, 1)
        children = self._sorted(parent.children)
        if size > 1:
            for child in children:
                child.slices = child.pods // size
            return self._distribute(children, parent.pods, size)
        return self._distribute_pods(children, parent.pods)

    def _distribute_pods(self, domains: Sequence[Domain], count: int) -> list[Domain]:
        taken: list[Domain] = []
        remaining = count
        for at, candidate in enumerate(domains):
            domain = candidate
            if not self._ascending and domain.pods >= remaining:
                domain = _tightest(domains[at:], remaining, by_slices=False)
            domain.pods = min(domain.pods, remaining)
            remaining -= domain.pods
            taken.append(domain)
            if not remaining:
                break
        return taken

    def _find_balanced(self) -> tuple[int, list[Domain]] | None:
        """C.4: the parent whose domains can be loaded most evenly, and its best subset."""
        return find_balanced(
            self._levels, self._level, self._slice_level, self._slice_size, self._wanted
        )


def _tightest(domains: Sequence[Domain], needed: int, *, by_slices: bool) -> Domain:
    """The first of the smallest domains that suffice; the first of all if none does."""

    def room(domain: Domain) -> int:
        return domain.slices if by_slices else domain.pods

    fitting = [domain for domain in domains if room(domain) >= needed]
    return min(fitting, key=room) if fitting else domains[0]
