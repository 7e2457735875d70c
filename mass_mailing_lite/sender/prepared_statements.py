"""Statements that one session of PostgreSQL plans once and runs many times (PREPARE).

A sender runs the same claim and the same record a hundred times a second, and PostgreSQL takes as
long to plan one as to run it. Left to itself it plans the first five runs of each statement, and all
later ones where a plan seems cheaper for the values of the moment. Here the values never change the
best plan, so there is one for all.
"""

import itertools

from odoo.tools import SQL

# Names are unique in this process, and a session belongs to one process: statements that a failed
# sender has left in a session never have the name of a later sender's.
_numbers = itertools.count(1)


class PreparedStatements:
    """The prepared statements of one session, for as long as a cursor keeps the session."""

    def __init__(self, cr):
        self._cr = cr
        self._names = {}

    def execute(self, key, build, *values):
        """Run a statement, and prepare it the first time; the cursor has its result.

        :param key: hashable key; statements with different literals need different keys
        :param build: callable that returns the statement as ``SQL``, with ``$1`` and so on in place
            of ``values``; called the first time only
        :param values: values, or ``SQL`` that gives them a type
        """
        name = self._names.get(key)
        if name is None:
            name = SQL.identifier(f"partner_mailing_{next(_numbers)}")
            self._cr.execute(
                SQL("SET plan_cache_mode TO force_generic_plan; PREPARE %s AS %s", name, build())
            )
            # A prepared statement outlives a transaction that fails.
            self._names[key] = name
        given = SQL("(%s)", SQL(", ").join(values)) if values else SQL()
        self._cr.execute(SQL("EXECUTE %s %s", name, given))

    def close(self):
        """Remove the statements from the session."""
        if self._names:
            names = [SQL("DEALLOCATE %s", name) for name in self._names.values()]
            self._cr.execute(SQL("; ").join([*names, SQL("RESET plan_cache_mode")]))
            self._names = {}
