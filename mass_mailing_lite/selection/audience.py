from odoo.exceptions import UserError

from .source import Source, register


@register
class Audience(Source):
    """The contacts of a reusable selection."""

    key = "audience"
    field = "audience_id"

    def get_problem(self):
        return super().get_problem() or self.value._get_unavailable_reason()

    def get_contacts(self):
        # As a source, with those who have an excluded tag: the list names them with that reason.
        if self.entry.side == "in":
            return self.value._get_included_domain()
        return self.value._get_selection_domain()

    def count(self):
        """The contacts of the audience as its own form counts them, on either side."""
        try:
            return self.count_contacts(self.value._get_selection_domain())
        except UserError:  # the filter cannot be used
            return 0

    @staticmethod
    def put_in_words(env, facts):
        return env._("audience “%s”", facts["name"])
