from markupsafe import Markup

from odoo import api, fields, models

from ...delivery.template import HTML, TEXT, UnsupportedTemplate, substitute_marks
from .partner_mailing import STATES

# Columns that stand there also when they are empty: the way of a mailing, all on one screen.
ALWAYS_SHOWN = ("draft", "to_validate", "validated", "sending", "done")


class PartnerMailing(models.Model):
    """What cards of mailings show: subject and a picture of the body, in the column of the state."""

    _inherit = "partner.mailing"

    subject_in_words = fields.Char(
        "Subject in Words",
        compute="_compute_card",
        help="The subject with the names of the fields where values will stand.",
    )
    miniature = fields.Html(
        compute="_compute_card",
        sanitize=False,
        help="The body as a page of its own, with the names of the fields where values will stand.",
    )

    @api.depends("subject", "body_html")
    @api.depends_context("lang")
    def _compute_card(self):
        for mailing in self:
            mailing.subject_in_words = self._name_placeholders(mailing.subject, TEXT)
            mailing.miniature = not mailing._is_body_empty() and self._get_miniature(
                mailing.body_html, mailing.subject
            )

    @api.model
    def _group_expand_state(self, values, _domain):
        """Return the columns of a board by state: those of the way, and others that hold one."""
        shown = {*ALWAYS_SHOWN, *values}
        return [state for state, _label in STATES if state in shown]

    @api.model
    def _get_miniature(self, body, subject):
        """Return a body as a page of its own, for a frame in which no script runs."""
        return Markup(self._wrap_body(self._name_placeholders(body, HTML), subject or "", ""))

    @api.model
    def _name_placeholders(self, source, kind):
        """Return a subject or body with the names of fields in place of placeholders.

        Logic is left as it is, and never run for a picture.

        :param kind: ``TEXT`` or ``HTML``, as the delivery's templates have it
        """
        labels = {
            placeholder["expression"]: placeholder["label"]
            for placeholder in self.get_placeholders()
        }
        source = str(source or "")
        try:
            return substitute_marks(
                source, kind, frozenset(labels), lambda hole: f"[{labels[hole.path]}]"
            )
        except UnsupportedTemplate:
            return source
