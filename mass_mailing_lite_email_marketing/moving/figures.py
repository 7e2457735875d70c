from odoo.tools import SQL

# Figures of a mailing of Email Marketing, by the states of its traces. The words are those of our
# own statistics: recipients are those that were to be written to, sent what a server accepted,
# delivered what was accepted and did not bounce. Email Marketing cancels a trace where we exclude a
# recipient. A text message that a provider accepted is "pending" there until it reports.
#
# What a text message does not tell has no value: nobody sees whether it was opened. Who
# unsubscribed by which mailing, Email Marketing does not keep.
DELIVERED = ("sent", "open", "reply", "pending")
COUNTS = {
    "recipient_count": SQL("COUNT(*) FILTER (WHERE t.trace_status <> 'cancel')"),
    "sent_count": SQL("COUNT(*) FILTER (WHERE t.trace_status IN %s)", (*DELIVERED, "bounce")),
    "delivered_count": SQL("COUNT(*) FILTER (WHERE t.trace_status IN %s)", DELIVERED),
    "opened_count": SQL("COUNT(*) FILTER (WHERE t.trace_status IN ('open', 'reply'))"),
    "clicked_count": SQL(
        "COUNT(t.links_click_datetime) FILTER (WHERE t.trace_status IN %s)", DELIVERED
    ),
    "replied_count": SQL("COUNT(*) FILTER (WHERE t.trace_status = 'reply')"),
    "bounced_count": SQL("COUNT(*) FILTER (WHERE t.trace_status = 'bounce')"),
    "failed_count": SQL("COUNT(*) FILTER (WHERE t.trace_status = 'error')"),
}


def count_sql():
    """Return the aggregates of ``COUNTS`` over traces ``t``."""
    return SQL(", ").join(
        SQL("%s AS %s", count, SQL.identifier(name)) for name, count in COUNTS.items()
    )


def live_sql(stock, unless):
    """Return a lateral subquery with the figures of one mailing, counted now.

    It reads the traces of the mailing by Odoo's index on ``mass_mailing_id``.

    :param stock: SQL of the id of the mailing
    :param unless: SQL that is true where nothing is to be counted
    """
    return SQL(
        "SELECT %s FROM mailing_trace t"
        " WHERE t.mass_mailing_id = %s AND NOT (%s) AND t.is_test_trace IS NOT TRUE",
        count_sql(),
        stock,
        unless,
    )
