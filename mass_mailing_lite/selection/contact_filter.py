from odoo.exceptions import UserError
from odoo.fields import Domain

from .source import Source, register


@register
class ContactFilter(Source):
    """The contacts that match a filter."""

    key = "domain"
    field = "domain"

    def get_problem(self):
        if not self.value:
            return self.env._("There is no filter. Set it, or remove the entry.")
        try:
            self.read_domain()
        except UserError as error:
            return self.env._("The filter cannot be used: %s. Set it again.", error)
        return False

    def read_domain(self):
        """Return the ``Domain``.

        :raises UserError: when the user cannot search by it
        """
        return self.env["partner.mailing.audience"]._read_filter(self.value)

    def get_contacts(self):
        if not self.value:
            return Domain.FALSE
        try:
            return self.read_domain()
        except UserError:
            return Domain.FALSE

    def get_name(self):
        """Return the names of the fields in the filter."""
        return list(
            dict.fromkeys(
                condition.field_expr.split(".")[0]
                for condition in self.get_contacts().iter_conditions()
            )
        )

    @staticmethod
    def put_in_words(env, facts):
        if not facts["name"]:
            return env._("all contacts")
        partner = env["res.partner"]._fields
        labels = (
            partner[name]._description_string(env) if name in partner else name
            for name in facts["name"]
        )
        return env._("filter on %s", ", ".join(labels))
