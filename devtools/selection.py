"""A plugin of pytest, for `make test`: what the daily loop leaves out, and what begins first.

A test needs a browser when it starts a tour, or uses the fixture `page`. A test file that takes long
says so: `pytestmark = pytest.mark.slow(90)`, with the seconds that it takes alone. `--fast` leaves
out both. What takes longest begins first, so that no worker is left with a long file at the end.
"""

import collections

import pytest

TOURS = {"start_tour", "browser_js"}  # of Odoo's HttpCase
TOUR_SECONDS = 15
FIXTURES = {"page", "chromium"}


def pytest_addoption(parser):
    """Add the option for the daily loop."""
    parser.addoption("--fast", action="store_true", help="leave out browsers and slow tests")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark the tests that need a browser, leave out what `--fast` leaves out, order the rest."""
    for item in items:
        if needs_browser(item):
            item.add_marker("browser")
    if config.getoption("fast"):
        left_out = [item for item in items if not is_fast(item)]
        items[:] = [item for item in items if is_fast(item)]
        config.hook.pytest_deselected(items=left_out)
    sizes = collections.Counter(map(scope, items))
    longest = collections.Counter()
    for item in items:
        longest[scope(item)] = max(longest[scope(item)], seconds(item))
    # The sort keeps the order of the tests in a scope, and all of one scope together.
    items.sort(key=lambda item: (-longest[scope(item)], -sizes[scope(item)], scope(item)))


def needs_browser(item):
    """Tell whether a test needs a browser."""
    code = getattr(item.function, "__code__", None)
    return bool(TOURS & {*code.co_names}) or bool(FIXTURES & {*getattr(item, "fixturenames", ())})


def is_fast(item):
    """Tell whether a test belongs to the daily loop."""
    return not (item.get_closest_marker("browser") or item.get_closest_marker("slow"))


def seconds(item):
    """Return how long a test's file takes, 0 where that is not worth a word."""
    if marker := item.get_closest_marker("slow"):
        return marker.args[0]
    return TOUR_SECONDS if item.get_closest_marker("browser") else 0


def scope(item):
    """Return what a worker gets as a whole: a class of Odoo's tests, or a file."""
    return item.nodeid.rpartition("::")[0]
