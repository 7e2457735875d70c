from odoo.fields import Domain

from .source import Source, register


@register
class Tag(Source):
    """The contacts with a tag."""

    key = "tag"
    field = "category_id"
    skip_reason = "excluded_group"

    def get_contacts(self):
        return Domain("category_id", "in", self.value.ids)

    def excluded_sql(self):
        # Of contacts, too, that the user may not read: see RecipientQuery.tagged.
        return self.mailing._query_recipients().tagged(self.value.ids)

    @staticmethod
    def put_in_words(env, facts):
        return env._("tag “%s”", facts["name"])
