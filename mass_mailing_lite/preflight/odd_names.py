import re

from odoo.tools import SQL

from .check import PEOPLE, Check, register

# A placeholder that shows the name of the contact.
NAME = re.compile(r"object\.(?:name|display_name|complete_name|commercial_company_name)\b")

# Names of contacts that are no names, as PostgreSQL reads them: with a host, or of six words or more.
LINK_IN_NAME = (
    r"(^|[^a-z0-9])(www\.|[a-z0-9-]+\.(com|net|org|info|biz|eu|io|ru|ua|pl|de|fr|es|uk|top|xyz|shop"
    r"|online|site|link|click|app|dev|me|ly)([/:?#\s]|$))"
)
SENTENCE_IN_NAME = r"([^\s]+\s+){5}[^\s]+[.!?]$|([^\s]+\s+){2}[^\s]+[!?]$"


@register
class OddNames(Check):
    """Whether names of contacts, which stand in the text, are addresses, links or sentences.

    A contact may have written the name, on a form of the web site for instance.
    """

    key = "odd_names"
    kind = PEOPLE
    sequence = 40

    def get_title(self):
        return self.env._("odd names")

    def get_question(self):
        return self.env._("Does a name in the text look like an address, a link or a sentence?")

    def look(self, content):
        texts = [content.source, *content.texts.values()]
        return True if any(map(NAME.search, texts)) else None

    def look_at_list(self):
        """Return how many names are odd, and a few of them.

        One pass over the rows, 0.5 s at a million: regular expressions only run on names with a dot
        or a mark at their end.
        """
        [(count, names)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*), (array_agg(left(name, 80) ORDER BY id))[1:5]
                  FROM partner_mailing_recipient
                 WHERE mailing_id = %(mailing)s AND state != 'skipped'
                   AND (strpos(name, '@') > 0
                        OR strpos(name, '://') > 0
                        OR length(name) > 100
                        OR name LIKE E'%%\n%%'
                        OR (strpos(name, '.') > 0 AND left(name, 200) ~* %(link)s)
                        OR (right(name, 1) IN ('.', '!', '?') AND left(name, 200) ~ %(sentence)s))
                """,
                mailing=self.mailing.id,
                link=LINK_IN_NAME,
                sentence=SENTENCE_IN_NAME,
            )
        )
        return {"count": count, "names": names} if count else None

    def describe(self, facts):
        odd = self.list_facts
        if not facts or not odd:
            return []
        return [
            self.make_finding(
                self.env._(
                    "Recipients whose name looks like an address, a link or a sentence:"
                    " %(count)s. %(names)s",
                    count=odd["count"],
                    names=", ".join(f'"{name}"' for name in odd["names"]),
                ),
                self.env._(
                    "The text shows these names. Correct the contacts and load the recipients again,"
                    " or exclude them."
                ),
                count=odd["count"],
                is_personal=True,
                page="recipients",
            )
        ]
