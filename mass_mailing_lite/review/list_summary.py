from odoo.tools import SQL

from ..selection import IN, OUT, put_in_words, whole_list
from .personal_values import PersonalValues


class ListSummary:
    """How the list of recipients is made up: counted once a request, and stored with it.

    :param mailing: a ``partner.mailing`` record
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def make(self):
        """Return how the list is made up: by language, by audience, excluded by reason.

        :return: dict: lists of [label or key, count] for ``languages``, ``audiences`` and
            ``left_out`` (excluded); lists of [facts, count] for other entries of *Write to*
            (``sources``) and of *But not to* (``but_not_to``); ``marked`` and ``copies``, how many were marked or get the one
            copy of the mailing; ``further``, how many are further addresses of contacts;
            ``addresses``, a checksum; ``largest_domain``, see ``partner.mailing._count_largest_domain``;
            ``personal``, see ``PersonalValues``; ``pictures``, checksums of files in the body
        """
        self.mailing.ensure_one()
        with whole_list(self.env, self.mailing.pending_count):
            return self._make()

    def _make(self):
        mailing = self.mailing
        Recipient = self.env["partner.mailing.recipient"].sudo()
        of_mailing = [("mailing_id", "=", mailing.id)]
        by_language = Recipient._read_group(
            [*of_mailing, ("is_submitted", "=", True)], ["lang"], ["__count"], order="__count desc"
        )
        by_reason = Recipient._read_group(
            [*of_mailing, ("state", "=", "skipped")],
            ["skip_reason"],
            ["__count"],
            order="__count desc",
        )
        audiences = [
            [audience.name, self._count_audience(audience)] for audience in mailing.audience_ids
        ]
        sources = self._count_sources()
        extra = Recipient.search_count(
            [*of_mailing, ("is_submitted", "=", True), ("partner_id", "=", False)]
        ) - sum(people for _facts, _count, people in sources)
        copies = self._count_main_copies()
        if extra > copies:
            # Its name is added in the language of the review page.
            audiences.append(["", extra - copies])
        audiences += mailing._count_further_sources()
        return {
            "languages": [[lang or "", count] for lang, count in by_language],
            "left_out": [[reason, count] for reason, count in by_reason],
            "audiences": audiences,
            "sources": [[facts, count + people] for facts, count, people in sources],
            "but_not_to": self._count_excluding(),
            "ignores_pressure": mailing.ignores_pressure,
            "marked": self._count_marked(),
            "copies": copies,
            "addresses": self._get_address_checksum(),
            "further": Recipient.search_count(
                [*of_mailing, ("is_further", "=", True), ("is_submitted", "=", True)]
            ),
            "largest_domain": mailing._count_largest_domain(),
            "personal": PersonalValues(mailing).make(),
            "pictures": sorted(
                file.checksum or ""
                for file in mailing._get_content_files() - mailing.sudo().attachment_ids
            ),
        }

    def label(self, summary):
        """Return the lists of a summary with labels in the current language, as (label, count).

        :param dict summary: what ``make`` returned
        """
        reasons = dict(
            self.env["partner.mailing.recipient"]
            ._fields["skip_reason"]
            ._description_selection(self.env)
        )
        languages = dict(self.env["res.lang"].get_installed())
        return {
            "languages": [
                (languages.get(code, self.env._("No language set")), count)
                for code, count in summary.get("languages", [])
            ],
            "audiences": [
                (name or self.env._("Extra addresses"), count)
                for name, count in summary.get("audiences", [])
            ]
            + [
                (put_in_words(self.env, facts), count)
                for facts, count in summary.get("sources", [])
            ],
            "but_not_to": [
                (put_in_words(self.env, facts), count)
                for facts, count in summary.get("but_not_to", [])
            ],
            "ignores_pressure": summary.get("ignores_pressure", False),
            "marked": summary.get("marked", 0),
            "main_copies": summary.get("copies", 0),
            "overlap": self._count_chosen(summary)
            > sum(count for _code, count in summary.get("languages", [])),
            "further": summary.get("further", 0),
            "personal": [
                (self.mailing._get_placeholder_label(expression), values)
                for expression, values in summary.get("personal", [])
            ],
            "excluded": [
                (reasons.get(key, key), count) for key, count in summary.get("left_out", [])
            ],
        }

    def _count_chosen(self, summary):
        """Return the sum over all sources; it is over the total where sources overlap."""
        sources = (*summary.get("audiences", []), *summary.get("sources", []))
        by_source = sum(count for _name, count in sources)
        return by_source + summary.get("marked", 0) + summary.get("copies", 0)

    def _count_audience(self, audience):
        """Return how many submitted recipients are in an audience."""
        query = self.mailing._readable_contacts(audience._get_included_domain())
        return self._count_submitted(query.subselect())

    def _count_sources(self):
        """Return [(facts, contacts, other people)] of the submitted recipients of each entry."""
        counted = []
        for source in self.mailing._query_recipients().sources(IN):
            if source.key == "audience":
                continue
            contacts = self.mailing._readable_contacts(source.get_contacts())
            people = source.people_sql()
            counted.append(
                (
                    source.get_facts(),
                    self._count_submitted(contacts.subselect()),
                    self._count_submitted_people(people) if people else 0,
                )
            )
        return counted

    def _count_submitted_people(self, people):
        """Return how many submitted recipients are among people who are no contacts."""
        recipients = self.env["partner.mailing.recipient"]
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM partner_mailing_recipient r
                 WHERE r.mailing_id = %s AND r.is_submitted AND r.partner_id IS NULL
                   AND %s IN (SELECT lower(p.address) FROM (%s) p)
                """,
                self.mailing.id,
                recipients._address_sql("r"),
                people,
            )
        )
        return count

    def _count_excluding(self):
        """Return [[facts, number of excluded rows]] of the entries of *But not to*."""
        recipients = self.env["partner.mailing.recipient"].sudo()
        counts = dict(
            recipients._read_group(
                [("mailing_id", "=", self.mailing.id), ("source_id", "!=", False)],
                ["source_id"],
                ["__count"],
            )
        )
        entries = [
            [source.get_facts(), counts.get(source.entry.sudo(), 0)]
            for source in self.mailing._query_recipients().sources(OUT)
        ]
        return entries + self._count_excluding_tags()

    def _count_excluding_tags(self):
        """Return the same of the excluded tags of audiences."""
        recipients = self.env["partner.mailing.recipient"].sudo()
        excluded = [
            ("mailing_id", "=", self.mailing.id),
            ("skip_reason", "=", "excluded_group"),
            ("source_id", "=", False),
        ]
        return [
            [
                {"kind": "tag", "name": tag.name or "", "of": audience.name or ""},
                recipients.search_count([*excluded, ("partner_id.category_id", "in", tag.ids)]),
            ]
            for audience in self.mailing._get_chosen_audiences()
            for tag in audience.excluded_category_ids
        ]

    def _count_marked(self):
        """Return how many submitted recipients were marked in the list of contacts."""
        mailing = self.mailing
        return mailing.marked_count and self._count_submitted(mailing._marked_contacts_sql())

    def _count_submitted(self, contacts):
        """Return how many submitted recipients are among contacts.

        :param contacts: ``SQL`` of their ids, in parentheses
        """
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND is_submitted AND partner_id IN %s
                """,
                self.mailing.id,
                contacts,
            )
        )
        return count

    def _count_main_copies(self):
        """Return how many submitted recipients are addresses for the one copy of the mailing."""
        if self.mailing.copy_policy != "once":
            return 0
        transport = self.mailing._get_transport()
        return (
            self.env["partner.mailing.recipient"]
            .sudo()
            .search_count(
                [
                    ("mailing_id", "=", self.mailing.id),
                    ("is_submitted", "=", True),
                    ("partner_id", "=", False),
                    (transport.address_column, "in", transport.read_copies()),
                ]
            )
        )

    def _get_address_checksum(self):
        """Return a text that differs when other addresses were submitted, in whatever order."""
        # Plan at a million rows: one scan, 0.4 s, once a request.
        [(checksum,)] = self.env.execute_query(
            SQL(
                """
                SELECT sum(hashtextextended(%s, 0)::numeric)::text FROM partner_mailing_recipient s
                 WHERE mailing_id = %s AND is_submitted
                """,
                self.env["partner.mailing.recipient"]._address_sql("s"),
                self.mailing.id,
            )
        )
        return checksum
