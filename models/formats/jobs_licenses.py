"""``--licenses`` (the same field as ``--resources``): reading it, and resolving its variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..resources import Mode, Resource

LicenseRequest = tuple[tuple[str, int | str], ...]

MAX_COUNT = 0xFFFF_FFFD
_ITEM = re.compile(r"([^:=()]+)(?:[:=]([^:=()]*))?")
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)


def parse_licenses(text: str) -> LicenseRequest:
    """``(name, count or variable)`` pairs in the order written (slurm_semantics 5.2).

    Raises
    ------
    ValueError
        For negative counts, OR lists and requests that address one layer, with the reason.
    """
    if "|" in text:
        raise ValueError(f"{text[:60]!r}: licences joined by | (one of several) are not supported")
    request: list[tuple[str, int | str]] = []
    for item in text.split(","):
        if "(" in item or ")" in item:
            raise ValueError(f"{item[:60]!r}: requests for one layer are not supported")
        match = _ITEM.fullmatch(item.strip())
        if match is None:
            raise ValueError(f"{item[:60]!r}")
        name, count = match[1].strip(), match[2]
        if not name or count == "" or (count or "").startswith("-"):
            raise ValueError(f"{item[:60]!r}")
        if count is None:
            request.append((name, 1))
        elif _DIGITS.fullmatch(count):
            if int(count) > MAX_COUNT:
                raise ValueError(f"{item[:60]!r}: the count is larger than {MAX_COUNT}")
            request.append((name, int(count)))
        else:
            request.append((name, count))
    return tuple(request)


@dataclass(slots=True)
class LicenseResolver:
    """Turns requests into counts of the resources that the cluster has.

    Attributes
    ----------
    resources
        By name.
    ignored
        Names that are no hierarchical resource, with the number of jobs that asked for them.
    """

    resources: Mapping[str, Resource]
    ignored: dict[str, int] = field(default_factory=dict)

    def resolve(self, request: LicenseRequest) -> tuple[tuple[str, int], ...]:
        """``(resource, count)`` pairs, repeated names added up.

        Ordinary licences are no placement matter: they are left out and counted in `ignored`.

        Raises
        ------
        ValueError
            For an unknown variable, or more than one MODE_3 resource.
        """
        counts: dict[str, int] = {}
        for name, wanted in request:
            resource = self.resources.get(name)
            if resource is None:
                self.ignored[name] = self.ignored.get(name, 0) + 1
                continue
            count = _value(resource, wanted)
            if count:
                counts[name] = counts.get(name, 0) + count
        mode_3 = [
            name
            for name in counts
            if self.resources[name].mode is Mode.MODE_3 and not self.resources[name].is_power
        ]
        if len(mode_3) > 1:
            raise ValueError(f"{', '.join(mode_3)}: more than one MODE_3 resource")
        return tuple(counts.items())


def _value(resource: Resource, wanted: int | str) -> int:
    if isinstance(wanted, int):
        return wanted
    if wanted not in resource.variables:
        known = ", ".join(resource.variables) or "none"
        raise ValueError(f"unknown variable {wanted!r} of {resource.name} (there are: {known})")
    return resource.variables[wanted]
