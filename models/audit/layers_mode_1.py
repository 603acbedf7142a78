"""MODE_1 over time: one layer per job, which one is not recorded."""

from __future__ import annotations

from dataclasses import dataclass

from ..resources import INFINITE, Resource

SEARCH_LIMIT = 20_000


@dataclass(slots=True)
class Claim:
    """A running job that some layer is charged for."""

    index: int
    amount: int
    layers: list[int]
    end_s: int
    charged: int


class LayerChoice:
    """Repeats how jobs were charged, one start after the other.

    Slurm takes the first layer of the file, among those that overlap the job, with enough left
    (slurm_semantics 5.3). Starts of one second have no order and later charges depend on earlier
    ones: when the repetition runs out of room, all running jobs are charged anew in any way that
    fits. Only what no way allows is an excess.

    Parameters
    ----------
    resource
        A MODE_1 resource.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._used = [0] * len(resource.layers)
        self._claims: list[Claim] = []

    def charge(self, index: int, amount: int, layers: list[int], span: tuple[int, int]) -> bool:
        """Charge a start; False if no choice of layers has room for all that runs then.

        Parameters
        ----------
        index
            Of the allocation.
        amount
            What it requests.
        layers
            Layers that overlap its nodes, in file order.
        span
            Its start and end.
        """
        self._release(span[0])
        claim = Claim(index, amount, layers, span[1], layers[0])
        self._claims.append(claim)
        for layer in layers:
            if self._room(layer, amount, self._used):
                self._take(claim, layer)
                return True
        choice = self._search()
        if choice is None:
            self._take(claim, layers[0])
            return False
        self._used = [0] * len(self._used)
        for other, layer in zip(self._claims, choice, strict=True):
            self._take(other, layer)
        return True

    def running(self) -> list[int]:
        """Indices of the allocations charged now."""
        return [claim.index for claim in self._claims]

    def used(self, now_s: int) -> tuple[int, ...]:
        """Use per layer, `base` not included, of what still runs."""
        self._release(now_s)
        return tuple(self._used)

    def used_without(self, gone: set[int]) -> tuple[int, ...]:
        """Use per layer once some of the running allocations have ended."""
        used = list(self._used)
        for claim in self._claims:
            if claim.index in gone:
                used[claim.charged] -= claim.amount
        return tuple(used)

    def _release(self, now_s: int) -> None:
        kept = []
        for claim in self._claims:
            if claim.end_s <= now_s:
                self._used[claim.charged] -= claim.amount
            else:
                kept.append(claim)
        self._claims = kept

    def _take(self, claim: Claim, layer: int) -> None:
        claim.charged = layer
        self._used[layer] += claim.amount

    def _room(self, layer: int, amount: int, used: list[int]) -> bool:
        capacity = self._resource.layers[layer].capacity
        return capacity == INFINITE or capacity - used[layer] >= amount

    def _search(self) -> list[int] | None:
        """Some layer for every claim; gives up in favour of the records after `SEARCH_LIMIT`."""
        order = sorted(
            range(len(self._claims)),
            key=lambda i: (-self._claims[i].amount, len(self._claims[i].layers)),
        )
        used = [0] * len(self._used)
        choice = [claim.charged for claim in self._claims]
        steps = 0

        def extend(position: int) -> bool:
            nonlocal steps
            if position == len(order):
                return True
            steps += 1
            if steps > SEARCH_LIMIT:
                return True
            claim = self._claims[order[position]]
            for layer in claim.layers:
                if self._room(layer, claim.amount, used):
                    used[layer] += claim.amount
                    choice[order[position]] = layer
                    if extend(position + 1):
                        return True
                    used[layer] -= claim.amount
            return False

        return choice if extend(0) else None
