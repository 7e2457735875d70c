from odoo.addons.mass_mailing_lite.preflight import Check, register

from ..tools import wording


@register
class DesignDiffers(Check):
    """Whether the design says what the body says, which alone is sent and reviewed.

    The builder writes both. Another program may write any two.
    """

    key = "design_differs"
    sequence = 12

    def get_title(self):
        return self.env._("design and body")

    def get_question(self):
        return self.env._("Does the design say the same as the body that recipients get?")

    def look(self, content):
        design = self.mailing.body_arch
        if not design or not content.source:
            return None
        only_design, only_body = wording.get_differences(str(design), content.source)
        if not only_design and not only_body:
            return None
        return {"design": only_design, "body": only_body}

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "The design does not say what the body says, which is what recipients get: %s.",
                    self.join_languages(facts, self._name_differences),
                ),
                self.env._(
                    "Read the body in the preview. To make it anew from the design, open the design,"
                    " change it and save; to do without the design, choose Text as the editor and"
                    " change the body."
                ),
                count=len(facts),
                page="content",
                focus="body_html",
            )
        ]

    def _name_differences(self, found):
        parts = []
        if found["design"]:
            parts.append(self.env._("only in the design: %s", ", ".join(found["design"])))
        if found["body"]:
            parts.append(self.env._("only in the body: %s", ", ".join(found["body"])))
        return "; ".join(parts)
