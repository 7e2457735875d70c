from lxml import etree

from odoo.tests import tagged

from .common import MailingCase
from .pages import cost, specification


@tagged("post_install", "-at_install")
class TestLists(MailingCase):
    def open_list(self, *names):
        """Return the call that reads a page of mailings; without names, all columns of the list."""
        Mailing = self.env["partner.mailing"].with_user(self.marketer)
        arch = etree.fromstring(Mailing.get_view(view_type="list")["arch"])
        spec = specification(Mailing.env, Mailing._name, arch)
        if names:
            spec = {name: spec[name] for name in names}
        return lambda: Mailing.web_search_read([], spec, limit=80, count_limit=10001)

    def test_a_page_of_mailings_takes_as_many_queries_as_one_mailing(self):
        for _number in range(3):
            self.new_mailing().action_load_recipients()
        few, _size = cost(self.env, self.open_list())
        for _number in range(10):
            self.new_mailing().action_load_recipients()
        many, _size = cost(self.env, self.open_list())
        self.assertLessEqual(many, few)
        self.assertLessEqual(many, 10)

    def test_the_list_does_not_read_the_bodies(self):
        mailing = self.new_mailing(body_html="<p>Long</p>" * 1000)
        columns = (
            "is_favorite",
            "name",
            "subject_in_words",
            "opened_rate",
            "refusal_badge",
            "state",
        )
        self.env.flush_all()
        self.env.invalidate_all()
        self.open_list(*columns)()
        self.assertIn("name", mailing._cache)
        self.assertNotIn("body_html", mailing._cache)

    # ------------------------------------------------------------
    # Search on the page of recipients
    # ------------------------------------------------------------

    def find(self, words):
        """Return the addresses of rows that the page of recipients finds by words."""
        rows = self.env["partner.mailing.recipient"].with_user(self.marketer)
        found = rows.search(
            [("mailing_id", "=", self.mailing.id), ("display_name", "ilike", words)]
        )
        return set(found.mapped("email"))

    def test_people_are_found_by_any_part_of_their_name_or_address(self):
        self._new_contact("Zoë Müller", "Zoe@Müller.example", self.news)
        self._new_contact("Typo", "No Address", self.news)
        self.mailing = self.new_mailing()
        self.mailing.action_load_recipients()
        for words, expected in (
            ("ANNA@EX", {"anna@example.com"}),
            ("a@example.com", {"anna@example.com"}),
            ("zoë", {"Zoe@Müller.example"}),
            ("MÜLLER", {"Zoe@Müller.example"}),
            ("zoe@mü", {"Zoe@Müller.example"}),
            ("no addr", {"No Address"}),
            ("x' OR 1=1", set()),
            ("\\", set()),
        ):
            with self.subTest(words):
                self.assertEqual(self.find(words), expected)
