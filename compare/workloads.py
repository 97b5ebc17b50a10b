"""Workloads: each is a weighted mixture of operations and of other workloads."""

from collections import defaultdict
from collections.abc import Mapping

from compare.operations import OPERATIONS

WORKLOADS: dict[str, dict[str, float]] = {
    "browse": {"product": 50, "product_by_slug": 10, "category_page": 20, "search": 5, "order_details": 15},
    "checkout": {"place_order": 60, "place_and_notify": 10, "pay": 20, "cancel": 10},
    "write": {"create_product": 30, "change_product": 30, "restock": 20, "transfer": 20},
    "mixed": {"browse": 80, "checkout": 15, "write": 5},
}


def expand(workload: str, workloads: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The share of each operation in a workload; the shares add up to 1.

    Raises:
        ValueError: it contains an unknown name, itself, or no positive weight; the message names the part.
    """
    shares: defaultdict[str, float] = defaultdict(float)
    _add(shares, workload, 1.0, workloads, ())
    return {name: shares[name] for name in OPERATIONS if shares[name]}


def _add(
    shares: dict[str, float],
    part: str,
    share: float,
    workloads: Mapping[str, Mapping[str, float]],
    ancestors: tuple[str, ...],
) -> None:
    if part in ancestors:
        raise ValueError(f"weights: {part!r} is made of itself")
    if part in workloads:
        total = sum(workloads[part].values())
        if not total > 0:
            raise ValueError(f"weights: {part!r} is made of nothing")
        for name, weight in workloads[part].items():
            _add(shares, name, share * weight / total, workloads, (*ancestors, part))
    elif part in OPERATIONS:
        shares[part] += share
    else:
        known = ", ".join((*workloads, *OPERATIONS))
        raise ValueError(f"workloads: there is no workload or operation {part!r}; known are {known}")
