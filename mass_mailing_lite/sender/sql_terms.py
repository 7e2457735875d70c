"""What several statements of the queue have in common."""

from odoo.tools import SQL

# First half of the advisory lock that a living sender holds; the second half
# is the sender's number, `claim`. Any constant does; this one is ours.
SENDER_LOCK = 0x6D6D6C

UTC_NOW = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")
