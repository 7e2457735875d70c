from odoo.exceptions import UserError

from .source import Source, register


@register
class Audience(Source):
    """The contacts of a reusable selection."""

    key = "audience"
    field = "audience_id"
    is_guarded = True

    def get_problem(self):
        if problem := super().get_problem():
            return problem
        if not self.value._origin.has_access("read"):
            return self.env._("You may not see this audience. Remove the entry, or ask who may.")
        return self.value._get_unavailable_reason()

    def get_contacts(self):
        # As a source, with those who have an excluded tag: the list names them with that reason.
        if self.entry.side == "in":
            return self.value._get_included_domain()
        return self.value._get_selection_domain(self.mailing)

    def get_name(self):
        if not self.value:
            return ""
        return self.value._origin.sudo(False).has_access("read") and self.value.name

    def count(self):
        """The contacts of the audience as its own form counts them, on either side."""
        try:
            return self.count_contacts(self.value._get_selection_domain())
        except UserError:  # the filter cannot be used
            return 0

    @staticmethod
    def put_in_words(env, facts):
        if facts["name"] is False:
            return env._("an audience you may not see")
        return env._("audience “%s”", facts["name"])
