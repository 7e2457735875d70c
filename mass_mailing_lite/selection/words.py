import textwrap

from .source import IN, get_source

# How much the chatter of a duplicate says of its entries: entries of a side, characters of each.
ENTRIES_SHOWN, ENTRY_SHOWN = 20, 120


def describe_sides(mailing, sides):
    """Return in words the first entries of each side, for the chatter; no side without entries.

    Audiences of *Write to* are left to the field of that name.
    """
    titles = dict(mailing.source_ids._fields["side"]._description_selection(mailing.env))
    lines = []
    for side in sides:
        entries = mailing.source_ids.filtered(
            lambda one, side=side: one.side == side and not (side == IN and one.kind == "audience")
        )
        words = [
            textwrap.shorten(get_source(one).describe_for_all(), ENTRY_SHOWN, placeholder=" …")
            for one in entries[:ENTRIES_SHOWN]
        ]
        if more := len(entries) - len(words):
            words.append(mailing.env._("and %s more", more))
        if words:
            lines.append(f"{titles[side]}: {', '.join(words)}")
    return lines
