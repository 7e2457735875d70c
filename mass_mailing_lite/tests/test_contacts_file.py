import csv
import re
from pathlib import Path

from odoo import Command
from odoo.tests import tagged

from .common import MailingCase

FILE = Path(__file__).parents[2] / "benchmarks" / "data" / "contacts.csv"


def address_in(field):
    """Return the address that a person would read in the field, None when there is none.

    A plain second opinion, which shares nothing with the addon: of several
    addresses the first counts, as Odoo takes it; a line break, two @ in one
    address, more than 64 signs before it and a dot too many make it none.
    """
    if "\n" in field or "\r" in field:
        return None
    quoted = re.fullmatch(r'\s*".*"\s*<([^<>]+)>\s*', field)
    first = (quoted.group(1) if quoted else field.split(";")[0]).strip()
    local, _at, domain = first.partition("@")
    if not 0 < len(local) <= 64 or "@" in domain or re.search(r"\s", first):
        return None
    whole = all(local.split(".")) and all(domain.split(".")) and "." in domain
    return first.lower() if whole else None


@tagged("post_install", "-at_install")
class TestContactsFile(MailingCase):
    """Five thousand contacts as companies have them, each left out with the right reason or not."""

    def setUp(self):
        super().setUp()
        if not FILE.exists():
            self.skipTest("The file of contacts is in the repository, not in the addon.")
        with FILE.open(newline="", encoding="utf-8") as lines:
            self.lines = list(csv.DictReader(lines))
        names = sorted(
            {name for line in self.lines for name in line["category_id"].split(",") if name}
        )
        tags = self.env["res.partner.category"].create([{"name": name} for name in names])
        self.tags = dict(zip(names, tags, strict=True))
        self.contacts = self.env["res.partner"].create(
            [
                {
                    "name": line["name"],
                    "email": line["email"],
                    "is_company": line["is_company"] == "True",
                    "ref": "contacts.csv",
                    "category_id": [
                        Command.link(self.tags[name].id)
                        for name in line["category_id"].split(",")
                        if name
                    ],
                }
                for line in self.lines
            ]
        )

    def expected(self, blocklisted):
        """Return the reason for each line, None for those who are written to."""
        addresses = [address_in(line["email"]) for line in self.lines]
        excluded = {
            address
            for line, address in zip(self.lines, addresses, strict=True)
            if "No consent" in line["category_id"].split(",")
        }
        holders = {}
        order = sorted(
            range(len(self.lines)), key=lambda n: (self.lines[n]["is_company"] == "True", n)
        )
        for number in order:
            holders.setdefault(addresses[number], number)
        reasons = []
        for number, (line, address) in enumerate(zip(self.lines, addresses, strict=True)):
            if not line["email"].strip():
                reason = "no_email"
            elif address is None:
                reason = "invalid"
            elif address in excluded:
                reason = "excluded_group"
            elif address in blocklisted:
                reason = "blocklisted"
            else:
                reason = None if holders[address] == number else "duplicate"
            reasons.append(reason)
        return reasons

    def test_every_contact_is_written_to_or_left_out_for_the_right_reason(self):
        blocklisted = {address_in(line["email"]) for line in self.lines[::40]} - {None}
        for address in blocklisted:
            self.env["mail.blacklist"]._add(address)
        audience = self.env["partner.mailing.audience"].create(
            {
                "name": "All of the file",
                "domain": "[('ref', '=', 'contacts.csv')]",
                "excluded_category_ids": [Command.link(self.tags["No consent"].id)],
            }
        )
        mailing = self.new_mailing(audience_ids=[Command.link(audience.id)])
        mailing.action_load_recipients()
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        further = rows.filtered("is_further")
        own = rows - further
        found = {row.partner_id: row.skip_reason or None for row in own}
        self.assertEqual(len(own), len(self.lines))
        self.assertEqual(
            set(further.partner_id.mapped("email")),
            {line["email"] for line in self.lines if ";" in line["email"]},
        )
        self.assertIn("further_address", further.mapped("skip_reason"))
        self.assertFalse(further.filtered(lambda row: row.state == "pending"))
        wrong = [
            (line["email"], found[contact], reason)
            for line, contact, reason in zip(
                self.lines, self.contacts, self.expected(blocklisted), strict=True
            )
            if found[contact] != reason
        ]
        self.assertEqual(wrong, [])
        self.assertEqual(
            set(found.values()),
            {None, "no_email", "invalid", "excluded_group", "blocklisted", "duplicate"},
        )
        self.assertCountersTrue(mailing)
        self.assertEqual(audience.with_user(self.marketer).usable_count, mailing.recipient_count)
