"""What of a text with placeholders is the same for each recipient."""

from odoo.addons.mass_mailing_lite.tools.placeholder import split_inline


def split_literal(source: str | None) -> tuple[str, bool]:
    """Return the text without its placeholders, and whether it has any."""
    pieces = split_inline(source or "")
    literal = "".join(piece for piece in pieces if isinstance(piece, str))
    return literal.strip(), any(not isinstance(piece, str) for piece in pieces)
