"""Hardware profiles: what a node of a rack-scale product holds and draws."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeProfile:
    """One kind of node.

    Attributes
    ----------
    name
        Short name, as given to ``--profile``.
    product
        Full name of the product.
    gpus_per_node
        GPUs of one node.
    power_w
        Watts of a node while a job runs on it, its share of the switches and power shelves of the
        rack included, because caps are set where the rack is fed.
    source
        Where the figures come from.
    """

    name: str
    product: str
    gpus_per_node: int
    power_w: int
    source: str


# power_w = rack power / nodes of the rack. Vendors publish the racks' provisioned power, not what
# a job draws: a site that has measured its nodes gives `power_w` in its node or job file instead.
PROFILES: tuple[NodeProfile, ...] = (
    NodeProfile(
        "gb200-nvl72",
        "NVIDIA GB200 NVL72",
        gpus_per_node=4,
        power_w=6_667,
        source=(
            "18 compute trays of 2 Grace and 4 Blackwell GPUs; rack 120 kW "
            "(NVIDIA DGX GB200 as shown at GTC 2024, reported by ServeTheHome)"
        ),
    ),
    NodeProfile(
        "gb300-nvl72",
        "NVIDIA GB300 NVL72",
        gpus_per_node=4,
        power_w=7_333,
        source=(
            "18 compute trays of about 6.5 kW, 9 switch trays; 132 kW of DC power per rack "
            "(Supermicro GB300 NVL72 data sheet 2025, quoted by introl.com)"
        ),
    ),
    NodeProfile(
        "vera-rubin-nvl72",
        "NVIDIA Vera Rubin NVL72",
        gpus_per_node=4,
        power_w=12_778,
        source=(
            "18 compute trays of 2 Vera and 4 Rubin GPUs; rack 190 kW (Max-Q) to 230 kW (Max-P), "
            "the latter counted (press reports of 2026; no vendor figure was available)"
        ),
    ),
    NodeProfile(
        "rubin-nvl8",
        "NVIDIA HGX Rubin NVL8",
        gpus_per_node=8,
        power_w=24_000,
        source="8 Rubin GPUs in one server; about 24 kW per system (Compal, Computex 2026)",
    ),
)


def profile_named(name: str) -> NodeProfile:
    """The profile called `name`, in any case.

    Raises
    ------
    ValueError
        With the names there are, for an unknown one.
    """
    for profile in PROFILES:
        if profile.name == name.strip().lower():
            return profile
    known = ", ".join(profile.name for profile in PROFILES)
    raise ValueError(f"unknown node profile {name!r}: there are {known}")
