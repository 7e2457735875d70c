import difflib

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime, human_size
from odoo.tools.mail import html2plaintext

SAMPLE = 5  # recipients shown to the validator
DIFF_LINES = 40


class PartnerMailing(models.Model):
    """The page from which a validator decides."""

    _inherit = "partner.mailing"

    review_html = fields.Html("Review", compute="_compute_review_html", sanitize=False)

    @api.depends("state", "approval_ids.state")
    @api.depends_context("uid", "lang")
    def _compute_review_html(self):
        for mailing in self:
            request = mailing.sudo().approval_ids.filtered(
                lambda request: request.state == "pending"
            )
            mailing.review_html = bool(request) and self.env["ir.qweb"]._render(
                "mass_mailing_lite.mailing_review", mailing._get_review(request)
            )

    def _get_review(self, request):
        """Return the values of the review page; figures come from the request, as submitted."""
        self.ensure_one()
        mailing = self.sudo()
        summary = request.summary or {}
        reasons = dict(
            self.env["partner.mailing.recipient"]
            ._fields["skip_reason"]
            ._description_selection(self.env)
        )
        languages = dict(self.env["res.lang"].get_installed())
        sample = (
            self.env["partner.mailing.recipient"]
            .sudo()
            .search([("mailing_id", "=", self.id), ("is_submitted", "=", True)], limit=SAMPLE)
        )
        subject, body = mailing._render_for(sample[:1])
        return {
            "mailing": mailing,
            "human_size": human_size,
            "approval": request,
            "languages": [
                (languages.get(code, self.env._("No language set")), count)
                for code, count in summary.get("languages", [])
            ],
            "audiences": [
                (name or self.env._("Extra addresses"), count)
                for name, count in summary.get("audiences", [])
            ],
            "left_out": [
                (reasons.get(key, key), count) for key, count in summary.get("left_out", [])
            ],
            "sample": sample,
            "subject": subject,
            "body": body,
            "server": mailing.mail_server_id.name,
            "expected": mailing.expected_text,
            "pace": mailing._get_pace_in_words(),
            "scheduled_at": mailing.scheduled_at
            and format_datetime(self.env, mailing.scheduled_at, tz=self.env.user.tz),
            "unsubscribe_groups": mailing.unsubscribe_category_ids.mapped("name"),
            "changes": mailing._get_changes(request),
        }

    def _render_for(self, recipient):
        """Return (subject, body) as a recipient sees them; the body as safe HTML."""
        lang = recipient.lang or self.env.lang
        contact = recipient.partner_id or self.env["res.partner"].new(
            {"name": recipient.name, "email": recipient.email_normalized}
        )
        rendered = [
            self._render_field(name, contact._ids, set_lang=lang)[contact._ids[0]]
            for name in ("subject", "body_html")
        ]
        return rendered[0], Markup(rendered[1])

    # ------------------------------------------------------------
    # Figures of the list, taken once, when it is submitted
    # ------------------------------------------------------------

    def _get_list_summary(self):
        """Return how the list is made up: by language, by audience, left out by reason.

        :return: dict of lists of [label or key, count], the largest first
        """
        self.ensure_one()
        Recipient = self.env["partner.mailing.recipient"].sudo()
        of_mailing = [("mailing_id", "=", self.id)]
        by_language = Recipient._read_group(
            [*of_mailing, ("is_submitted", "=", True)], ["lang"], ["__count"], order="__count desc"
        )
        by_reason = Recipient._read_group(
            [*of_mailing, ("state", "=", "skipped")],
            ["skip_reason"],
            ["__count"],
            order="__count desc",
        )
        audiences = [[audience.name, self._count_of(audience)] for audience in self.audience_ids]
        extra = Recipient.search_count(
            [*of_mailing, ("is_submitted", "=", True), ("partner_id", "=", False)]
        )
        if extra:
            audiences.append(["", extra])  # named in the language of whoever looks at it
        return {
            "languages": [[lang or "", count] for lang, count in by_language],
            "left_out": [[reason, count] for reason, count in by_reason],
            "audiences": audiences,
            "largest_domain": self._count_largest_domain(),
        }

    def _count_of(self, audience):
        """Return how many submitted recipients an audience stands for."""
        query = self._readable_contacts(audience._get_included_domain())
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND is_submitted AND partner_id IN %s
                """,
                self.id,
                query.subselect(),
            )
        )
        return count

    def _count_largest_domain(self):
        """Return how many submitted recipients the domain with the most has."""
        # Plan at a million rows: one pass, 0.5 s, once a request; only where domains have a limit.
        if not self._get_limits().domain_minute:
            return 0
        rows = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND is_submitted
              GROUP BY substring(email_normalized FROM '[^@]*$')
              ORDER BY 1 DESC LIMIT 1
                """,
                self.id,
            )
        )
        return rows[0][0] if rows else 0

    # ------------------------------------------------------------
    # What changed since the last decision
    # ------------------------------------------------------------

    def _get_content_to_compare(self):
        """Return what a later request is compared with: {field name: text}.

        Texts in the language of the environment, and ``name@language`` for each other one.
        """
        self.ensure_one()
        mailing = self.sudo()
        server = mailing.mail_server_id
        values = {
            "subject": mailing.subject,
            "preview_text": mailing.preview_text,
            "body_html": html2plaintext(mailing.body_html or ""),
            "email_from": mailing.email_from,
            "reply_to": mailing.reply_to,
            "cc": mailing.cc,
            "bcc": mailing.bcc,
            "copy_policy": self._get_label_of("copy_policy"),
            "priority": self._get_label_of("priority"),
            "mail_server_id": server.name,
            "scheduled_at": mailing.scheduled_at
            and fields.Datetime.to_string(mailing.scheduled_at),
            "attachment_ids": ", ".join(
                f"{file.name} ({file.checksum[:8] if file.checksum else 0})"
                for file in mailing.attachment_ids
            ),
            "audience_ids": ", ".join(mailing.audience_ids.mapped("name")),
            "extra_emails": mailing.extra_emails,
            "has_unsubscribe": self.env._("Yes") if mailing.has_unsubscribe else self.env._("No"),
            "unsubscribe_category_ids": ", ".join(mailing.unsubscribe_category_ids.mapped("name")),
        }
        values.update(mailing._get_translations_to_compare(values))
        return {name: value or "" for name, value in values.items()}

    def _get_translations_to_compare(self, names):
        """Return {name@language: text} of what fields say in other languages than this one."""
        return {
            f"{name}@{lang}": html2plaintext(text) if name == "body_html" else text
            for name, texts in self._get_translations().items()
            for lang, text in texts.items()
            if name in names and lang != self.env.lang and self.env["res.lang"]._get_data(code=lang)
        }

    def _get_label_of(self, name):
        """Return the value of a selection in words."""
        return dict(self._fields[name]._description_selection(self.env))[self[name]]

    def _get_changes(self, request):
        """Return what differs from the request before: ``[(label, old, new, body lines)]``.

        None when there was no request before.
        """
        before = self.sudo().approval_ids.filtered(
            lambda other: other.id < request.id and other.state in ("refused", "void", "validated")
        )[:1]
        if not before:
            return None
        old, new = before.content or {}, request.content or {}
        changes = [
            (
                self._get_label_to_compare(name),
                old.get(name, ""),
                text := new.get(name, ""),
                diff_lines(old.get(name, ""), text) if name.startswith("body_html") else [],
            )
            # What requests of earlier versions did not note is no change.
            for name in {**new, **old}
            if (name in old or "@" in name) and old.get(name, "") != new.get(name, "")
        ]
        if before.recipient_count != request.recipient_count:
            label = self._fields["recipient_count"]._description_string(self.env)
            changes.append((label, str(before.recipient_count), str(request.recipient_count), []))
        return changes

    def _get_label_to_compare(self, name):
        """Return the label of a field, with the language of what is a translation."""
        name, _at, lang = name.partition("@")
        label = self._fields[name]._description_string(self.env)
        return (
            f"{label} ({self.env['res.lang']._get_data(code=lang).name or lang})" if lang else label
        )


def diff_lines(old, new):
    """Return the lines that differ between two texts: ``[("-" or "+", line)]``."""
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    changed = [(line[0], line[2:]) for line in lines if line[0] in "+-" and line[2:].strip()]
    return changed[:DIFF_LINES]
