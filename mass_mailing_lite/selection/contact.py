from odoo.fields import Domain

from .source import Source, register


@register
class Contact(Source):
    """One contact."""

    key = "contact"
    field = "partner_id"
    is_guarded = True

    def get_contacts(self):
        return Domain("id", "in", self.value.ids)

    def get_name(self):
        if not self.value:
            return ""
        return self.value.sudo(False).has_access("read") and self.value.display_name

    @staticmethod
    def put_in_words(env, facts):
        if facts["name"] == "":
            return env._("a contact that was removed")
        return facts["name"] or env._("a contact you may not see")
