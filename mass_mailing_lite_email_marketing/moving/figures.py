from odoo.tools import SQL

# Figures of a mailing of Email Marketing, by the states of its traces. The words are those of our
# own statistics: recipients are those that were to be written to, sent what a server accepted,
# delivered what was accepted and did not bounce. Email Marketing cancels a trace where we exclude a
# recipient. A text message that a provider accepted is "pending" there until it reports.
#
# What a text message does not tell has no value: nobody sees whether it was opened. Who
# unsubscribed by which mailing, Email Marketing does not keep.
DELIVERED = ("sent", "open", "reply", "pending")
STATES = {
    "recipient_count": (*DELIVERED, "bounce", "error", "outgoing", "process"),
    "sent_count": (*DELIVERED, "bounce"),
    "delivered_count": DELIVERED,
    "opened_count": ("open", "reply"),
    "replied_count": ("reply",),
    "bounced_count": ("bounce",),
    "failed_count": ("error",),
}
COUNTS = (*STATES, "clicked_count")


def count_sql(stock, condition):
    """Return a subquery with the figures of one mailing, counted from its traces.

    It reads them by Odoo's index on ``mass_mailing_id``. They are counted by state first: a filter
    for each figure and each trace takes half as long again.

    :param stock: SQL of the id of the mailing
    :param condition: SQL; where it is not true, nothing is counted, and all figures are 0
    """
    counts = {name: ("n", states) for name, states in STATES.items()}
    counts["clicked_count"] = ("clicked", DELIVERED)
    return SQL(
        """
        SELECT %s
          FROM (SELECT t.trace_status, COUNT(*) AS n, COUNT(t.links_click_datetime) AS clicked
                  FROM mailing_trace t
                 WHERE t.mass_mailing_id = %s AND %s AND t.is_test_trace IS NOT TRUE
              GROUP BY t.trace_status) g
        """,
        SQL(", ").join(
            SQL(
                "COALESCE(SUM(%s) FILTER (WHERE g.trace_status IN %s), 0)::integer AS %s",
                SQL.identifier("g", counts[name][0]),
                counts[name][1],
                SQL.identifier(name),
            )
            for name in COUNTS
        ),
        stock,
        condition,
    )
