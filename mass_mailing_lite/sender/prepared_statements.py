"""Statements that one session of PostgreSQL plans once and runs many times (PREPARE).

A sender runs the same claim and the same record a hundred times a second, and PostgreSQL takes as
long to plan one as to run it. Whether a plan serves for all values, or each run has one of its own
after all, PostgreSQL decides by what both cost.
"""

import itertools

from odoo.tools import SQL

# Unique in this process, and no session is shared with another one: what a sender that failed has
# left in a session does not meet the next one's.
_numbers = itertools.count(1)


class PreparedStatements:
    """Those of one session, for as long as a cursor keeps it."""

    def __init__(self, cr):
        self._cr = cr
        self._names = {}

    def execute(self, key, build, *values):
        """Run a statement; the cursor has its result.

        :param key: hashable name; a statement with other literals has another one
        :param build: callable that returns the statement as ``SQL``, with ``$1`` and so on where
            ``values`` come; called the first time only
        :param values: values, or ``SQL`` that gives them a type
        """
        name = self._names.get(key)
        if name is None:
            name = SQL.identifier(f"partner_mailing_{next(_numbers)}")
            self._cr.execute(SQL("PREPARE %s AS %s", name, build()))
            # It outlives a transaction that fails.
            self._names[key] = name
        self._cr.execute(SQL("EXECUTE %s (%s)", name, SQL(", ").join(values)))

    def close(self):
        """Let the session forget them."""
        if self._names:
            self._cr.execute(SQL("; ").join(SQL("DEALLOCATE %s", n) for n in self._names.values()))
            self._names = {}
