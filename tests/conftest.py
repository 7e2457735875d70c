"""Tests from outside: of plain Python without Odoo, and of a whole running system.

They run in a pytest of their own, without the plugin that loads Odoo into the test process.
"""

from hypothesis import settings

# The same examples in every run, and no failure because the machine was busy with something else.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
