"""Terms that several SQL statements of the sender have in common."""

from odoo.tools import SQL

# First half of the advisory lock that a running sender holds; the second half is the sender's
# number, `claim`. The constant is arbitrary and used for nothing else.
SENDER_LOCK = 0x6D6D6C

UTC_NOW = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")
