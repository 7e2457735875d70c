"""A mail costs no more statements, memory and calls than it did: counted, not timed."""

import pytest

from benchmarks import cost

pytestmark = pytest.mark.slow(20)


def test_a_mail_costs_no_more_than_it_did(tools):
    dearer = [figure.cells for figure in cost.measure(tools).rows if not figure.met]
    assert not dearer, "dearer than the limit (limits: benchmarks/cost.py)"
