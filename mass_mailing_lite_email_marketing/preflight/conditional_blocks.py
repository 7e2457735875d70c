from odoo.addons.mass_mailing_lite.preflight import INFO, Check, register

from ..content import conditions

MAX_NAMED = 10


@register
class ConditionalBlocks(Check):
    """Which blocks are shown to some recipients only: who reads one message sees not all of them."""

    key = "conditional_blocks"
    level = INFO
    sequence = 60

    def get_title(self):
        return self.env._("conditional blocks")

    def get_question(self):
        return self.env._("Which blocks do only some recipients see?")

    def look(self, content):
        return [
            [name, conditions.shorten(repr(domain), 300) if domain is not None else ""]
            for name, domain in conditions.find_blocks(content.source)
        ]

    def describe(self, facts):
        if not facts:
            return []
        # The same blocks stand in each language, with other words.
        blocks = next(iter(facts.values()))
        named = "; ".join(f"“{name}” {domain}".rstrip() for name, domain in blocks[:MAX_NAMED])
        return [
            self.make_finding(
                self.env._(
                    "Some blocks are shown only to contacts that a condition fits: %s.", named
                ),
                self.env._(
                    "Look at the preview of a contact that sees them, and of one that does not."
                ),
                count=max(map(len, facts.values())),
                page="content",
                focus="body_html",
            )
        ]
