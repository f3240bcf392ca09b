"""Intervals of small-sample rates (formulas.md D.8, D.10)."""

from __future__ import annotations

import math


def wilson(successes: float, trials: float, z: float) -> tuple[float, float] | None:
    """Wilson score interval of ``successes / trials``; None without trials. [Wilson 1927]

    ``z`` is the standard normal quantile (policy ``wilson.z``). Raises ValueError when successes > trials or < 0.
    """
    if trials == 0:
        return None
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials is not a share")
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def standardised(
    successes: float, trials: float, expected: float, overall: float, z: float
) -> tuple[float, float, float] | None:
    """Share as it would be at the mix of all groups, with its bounds: successes ÷ expected × ``overall``.

    ``expected``: successes at the group's own mix if each part succeeded as often as everybody's. Indirect
    standardisation [Breslow & Day 1987, ch. 2]; bounds are Wilson's, the expectation taken as known. None without it.
    """
    bounds = wilson(successes, trials, z)
    if bounds is None or not expected:
        return None
    factor = overall * trials / expected
    value, low, high = (min(1.0, part * factor) for part in (successes / trials, *bounds))
    return value, low, high


def newcombe(
    successes: float, trials: float, base_successes: float, base_trials: float, z: float
) -> tuple[float, float] | None:
    """Interval of the difference of two independent shares, first minus base. [Newcombe 1998, method 10]

    None when either group is empty.
    """
    ours, base = wilson(successes, trials, z), wilson(base_successes, base_trials, z)
    if ours is None or base is None:
        return None
    share, base_share = successes / trials, base_successes / base_trials
    difference = share - base_share
    low = difference - math.hypot(share - ours[0], base[1] - base_share)
    high = difference + math.hypot(ours[1] - share, base_share - base[0])
    return low, high
