"""Steps that are run again after a conflict with another transaction."""

import time

import psycopg2.errors

SERIALIZATION_TRIES = 10


def in_transaction(cr, step):
    """Run ``step`` and commit; run it again after a conflict with another transaction.

    Conflicts are frequent: each sender of a mailing writes its totals dozens of times a second.

    :param cr: the cursor, at the beginning of a transaction
    :param step: callable without arguments, whose result is returned
    """
    for attempt in range(SERIALIZATION_TRIES):
        try:
            result = step()
            cr.commit()  # pylint: disable=invalid-commit  # what the function is for
            return result
        except (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected):
            cr.rollback()
            if attempt == SERIALIZATION_TRIES - 1:
                raise
            time.sleep(0.002 * 2**attempt)
    return None
