"""Each regular expression of the addons takes time in proportion to its input."""

import time

import pytest

from .patterns import count_calls, find_patterns, make_attacks

FIRST, SMALL, LARGE = 250, 2000, 16000  # repetitions
QUICK = 0.0015  # seconds for SMALL: a pattern that tries all places takes 10 ms and more
MOST = 24  # times the time for 8 times the input; a linear pattern takes 8 times, a square one 64


def run(found, text):
    """Return the seconds that a pattern takes, as the addon uses it."""
    if isinstance(found.pattern.pattern, bytes):
        text = text.encode()
    use = getattr(found.pattern, found.method)
    began = time.process_time()
    if found.method in ("sub", "subn"):
        use(lambda match: match[0], text)
    elif found.method == "finditer":
        for _match in use(text):
            pass
    else:
        use(text)
    return time.process_time() - began


def grow(found, attack):
    """Return how much longer a pattern takes for 8 times the input; 0 where it is quick anyway."""
    lead, sign, tail = attack

    def take(count, times):
        text = lead + sign * count + tail
        return min(run(found, text) for _time in range(times))

    if take(FIRST, 1) > 0.02 and take(FIRST, 2) > 0.02:
        return float("inf")
    small = take(SMALL, 1)
    if small > 0.1 and take(SMALL, 2) > 0.1:
        return float("inf")
    if small < QUICK or (small := take(SMALL, 3)) < QUICK:
        return 0
    large = take(LARGE, 1)
    return large / small if large < MOST * small else take(LARGE, 2) / take(SMALL, 3)


FOUND = find_patterns()


def test_no_pattern_is_overlooked():
    assert len({found.where for found in FOUND}) >= count_calls() - 5
    assert len(FOUND) > 150


@pytest.mark.parametrize("found", FOUND, ids=lambda found: f"{found.where}-{found.method}")
def test_a_pattern_takes_time_in_proportion_to_its_input(found):
    worst = max(
        ((grow(found, attack), attack) for attack in make_attacks(found.pattern)), default=(0, "")
    )
    assert worst[0] < MOST, (
        f"{found.pattern.pattern!r} takes {worst[0]:.0f} times for 8 times {worst[1]!r}"
    )
