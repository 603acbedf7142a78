"""Kueue's balanced placement: domains that can share the slices most evenly (peers.md C.4)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from math import log2

from .kueue_tree import Domain


def find_balanced(
    levels: Sequence[Sequence[Domain]],
    level: int,
    slice_level: int,
    slice_size: int,
    wanted: int,
) -> tuple[int, list[Domain]] | None:
    """Level and loaded domains of the balanced assignment; None: fall back to best fit.

    Parameters
    ----------
    levels
        Domains per level, counted.
    level
        Preferred level.
    slice_level, slice_size
        Level and size of the slices.
    wanted
        Slices to place.
    """
    best: tuple[int, int] | None = None
    chosen: list[Domain] = []
    for siblings in _sibling_groups(levels, level):
        candidates = deepcopy(siblings)
        below = _children(candidates) if level < slice_level else candidates
        greedy = _greedy(below, wanted)
        if greedy is None:
            continue
        threshold = min(wanted // greedy[0], greedy[1])
        _prune(candidates, threshold, level, slice_level, slice_size)
        pruned = _greedy(candidates, wanted)
        if pruned is None or threshold <= 0:
            continue
        quality = (threshold, -pruned[0])
        if best is None or quality > best:
            best, chosen = quality, candidates
    if best is None:
        return None
    if level < slice_level:
        parents = _best_subset(chosen, wanted, slice_size, by_entropy=True)
        if parents is None:
            return None
        level, chosen = level + 1, _children(parents)
    loaded = _load(chosen, wanted, slice_size, best[0])
    return None if loaded is None else (level, loaded)


def _sibling_groups(levels: Sequence[Sequence[Domain]], level: int) -> list[list[Domain]]:
    if level == 0:
        return [list(levels[0])]
    return [parent.children for parent in levels[level - 1]]


def _children(domains: Sequence[Domain]) -> list[Domain]:
    return [child for domain in domains for child in domain.children]


def _by_room(domains: Sequence[Domain]) -> list[Domain]:
    return sorted(domains, key=lambda domain: (-domain.slices, domain.pods, domain.path))


def _greedy(domains: Sequence[Domain], wanted: int) -> tuple[int, int] | None:
    """How many domains largest-first needs, and the last one's slices; None if all are too few."""
    remaining = wanted
    for number, domain in enumerate(_by_room(domains), start=1):
        if not domain.slices:
            return None
        remaining -= domain.slices
        if remaining <= 0:
            return number, domain.slices
    return None


def _prune(
    domains: Sequence[Domain], threshold: int, level: int, slice_level: int, slice_size: int
) -> None:
    """Empty the children, then the domains, that cannot hold the threshold."""
    for domain in domains:
        for child in domain.children:
            if child.slices < threshold:
                _clear(child)
        _recount(domain, level, slice_level, slice_size)
        if domain.slices < threshold:
            _clear(domain)


def _clear(domain: Domain) -> None:
    domain.pods = domain.slices = 0
    for child in domain.children:
        _clear(child)


def _recount(domain: Domain, level: int, slice_level: int, slice_size: int) -> None:
    if domain.children:
        for child in domain.children:
            _recount(child, level + 1, slice_level, slice_size)
        domain.pods = sum(child.pods for child in domain.children)
        domain.slices = sum(child.slices for child in domain.children)
    if level == slice_level:
        domain.slices = domain.pods // slice_size


def _best_subset(
    domains: Sequence[Domain], wanted: int, slice_size: int, *, by_entropy: bool
) -> list[Domain] | None:
    """As many domains as largest-first needs, with the least capacity that suffices.

    Dynamic programming over ``(domains used, pods left)``; of equal states the first one found
    stays, so the order decides ties: by slices and evenness of the children, or by name.
    """
    greedy = _greedy(domains, wanted)
    if greedy is None:
        return None
    number = greedy[0]
    if by_entropy:
        ordered = sorted(domains, key=lambda d: (-d.slices, -_entropy(d.children), d.path))
    else:
        ordered = sorted(domains, key=lambda domain: domain.path)
    states: list[dict[int, list[Domain]]] = [{} for _ in range(number + 1)]
    states[0][wanted * slice_size] = []
    for domain in ordered:
        if not domain.slices:
            continue
        for used in range(number, 0, -1):
            for left in sorted(states[used - 1]):
                if left > 0:
                    after = left - domain.pods
                    states[used].setdefault(after, [*states[used - 1][left], domain])
    enough = [left for left in states[number] if left <= 0]
    return states[number][max(enough)] if enough else None


def _entropy(domains: Sequence[Domain]) -> float:
    """Shannon entropy of how the pods are split over the domains."""
    total = sum(domain.pods for domain in domains)
    shares = [domain.pods / total for domain in domains if domain.pods]
    return -sum(share * log2(share) for share in shares)


def _load(
    domains: Sequence[Domain], wanted: int, slice_size: int, threshold: int
) -> list[Domain] | None:
    """Give every chosen domain the threshold, then what is left to the largest first."""
    chosen = _best_subset(domains, wanted, slice_size, by_entropy=False)
    if chosen is None or wanted < len(chosen) * threshold:
        return None
    extra = wanted - len(chosen) * threshold
    for domain in _by_room(chosen):
        more = min(domain.slices - threshold, extra)
        domain.slices = threshold + more
        domain.pods = domain.slices * slice_size
        extra -= more
    return None if extra else _by_room(chosen)
