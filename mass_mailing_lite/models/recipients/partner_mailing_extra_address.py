from odoo import api, fields, models

from ...tools import address_list

# How many texts that are no address the form tells of; the list of recipients has all.
PROBLEMS_SHOWN = 20


class PartnerMailing(models.Model):
    """Addresses that are no contacts: typed, pasted, or out of a file."""

    _inherit = "partner.mailing"

    extra_emails_problems = fields.Text(
        "Cannot Be Read",
        compute="_compute_extra_emails_problems",
        help="What in the extra addresses is no address, line by line, and why.",
    )

    @api.depends("extra_emails")
    def _compute_extra_emails_problems(self):
        for mailing in self:
            entries = address_list.parse(mailing.extra_emails)
            mailing.extra_emails_problems = self._describe_address_problems(entries)

    def action_import_addresses(self):
        """Open the dialog that takes extra addresses out of a file."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("import addresses"))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Addresses"),
            "res_model": "partner.mailing.import",
            "view_mode": "form",
            "target": "new",
            "context": {"default_mailing_id": self.id},
        }

    def _parse_extra_emails(self):
        """Return the entries of the extra addresses, in the order typed.

        What is no address is kept, without a normalized one, and so comes into
        the list as left out: nothing that was typed is lost. Where the mailing
        is copied once, the copies are such addresses: each gets one message,
        is counted, and has its result in the list like everybody else.

        :return: list of ``address_list.Entry``
        """
        texts = [self.extra_emails or ""]
        if self.copy_policy == "once":
            texts += [self.cc or "", self.bcc or ""]
        return address_list.parse("\n".join(texts))

    @api.model
    def _describe_address_problems(self, entries, shown=PROBLEMS_SHOWN):
        """Return a line for each entry that is no address, or False when all are."""
        reasons = self._get_address_problems()
        problems = [entry for entry in entries if entry.problem]
        lines = [
            self.env._(
                "Line %(line)s: %(text)s – %(reason)s",
                line=entry.line,
                text=entry.text,
                reason=reasons[entry.problem],
            )
            for entry in problems[:shown]
        ]
        if len(problems) > shown:
            lines.append(self.env._("… and %s more.", len(problems) - shown))
        return "\n".join(lines) or False

    @api.model
    def _get_address_problems(self):
        """Return {problem of the parser: what it is in words}."""
        return {
            address_list.NO_AT: self.env._("it has no @."),
            address_list.TWO_AT: self.env._("it has more than one @."),
            address_list.NO_LOCAL_PART: self.env._("nothing stands before the @."),
            address_list.NO_DOMAIN: self.env._("nothing stands behind the @."),
            address_list.INCOMPLETE_DOMAIN: self.env._("the domain has no ending, such as .com."),
            address_list.MISPLACED_DOT: self.env._("a dot is doubled, or at the edge of a part."),
            address_list.CHARACTER: self.env._("it has a blank or a sign that no address has."),
            address_list.CONTROL_CHARACTER: self.env._("it has a line break or control character."),
            address_list.TOO_LONG: self.env._("it is longer than an address may be."),
        }
