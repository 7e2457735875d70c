from .check import Check, register


@register
class TwoFooters(Check):
    """Whether recipients get two footers: the text has an unsubscribe link, and the layout another."""

    key = "two_footers"
    sequence = 25

    def get_title(self):
        return self.env._("two footers")

    def get_question(self):
        return self.env._("Would recipients see two unsubscribe links?")

    def look(self, content):
        return "/partner_mailing/unsubscribe" in content.source

    def describe(self, facts):
        if not facts or not self.mailing.layout_id:
            return []
        languages = ", ".join(map(self.name_language, facts))
        return [
            self.make_finding(
                self.env._(
                    "Recipients would see two unsubscribe links: one in your text (%s), and that of the"
                    " layout.",
                    languages,
                ),
                self.env._("Remove the footer from the text. The layout has one."),
                count=len(facts),
                page="content",
                focus="body_html",
            )
        ]
