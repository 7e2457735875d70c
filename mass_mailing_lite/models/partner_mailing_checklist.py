from odoo import api, fields, models
from odoo.tools.misc import format_datetime, formatLang

from .partner_mailing import UNDECIDED_STATES


class PartnerMailing(models.Model):
    """The checklist of a mailing: its steps up to the validation, with the status of each.

    A list of dicts, which the form shows:

    - ``key``, ``label``, ``hint``: identifier and name of the step, and its status in words
    - ``status``: ``done``, ``attention`` (done, but out of date after a change) or ``open``
    - ``is_next``: whether it is the first step that is not done
    - ``action`` (name of a method), or ``page`` and ``focus`` (a tab of the form and the field in
      it): where a click leads; a step without any of them is no link

    In the order of this file: the field, the list, one method for each step.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    checklist = fields.Json(compute="_compute_checklist")
    last_look_fingerprint = fields.Char(
        copy=False,
        readonly=True,
        help="Fingerprint of the content that the author last saw in the preview.",
    )

    @api.depends(
        lambda self: [
            "name",
            "state",
            "template_id",
            "recipients_loaded_at",
            "pending_count",
            "skipped_count",
            "audience_ids",
            "marked_count",
            "test_state",
            "last_look_fingerprint",
            "content_fingerprint",
            "approval_ids.state",
            "channel",
            *sorted(self._collect_from_transports("required_fields")),
            *sorted(self._get_extra_fields()),
            *(kind.problems_field for kind in self._get_transports().values()),
        ]
    )
    @api.depends_context("uid", "lang", "tz")
    def _compute_checklist(self):
        for mailing in self:
            mailing.checklist = mailing.state in UNDECIDED_STATES and mailing._get_checklist()

    def _get_checklist(self):
        """Return the steps of the mailing, in order."""
        self.ensure_one()
        transport = self._get_transport()
        steps = [
            *([self._get_template_step()] if transport.has_templates else []),
            self._get_writing_step(transport),
            self._get_recipients_step(transport),
            self._get_preview_step(),
            self._get_test_step(),
            self._get_submission_step(),
            self._get_validation_step(),
        ]
        ahead = [step for step in steps if step["status"] != "done"]
        # After submission the validation is next, whatever the status of earlier steps is.
        following = ahead[:1] if self.state == "draft" else steps[-1:]
        for step in steps:
            step["is_next"] = step in following
        return steps

    def _get_template_step(self):
        step = {"key": "template", "label": self.env._("Template"), "status": "done"}
        if self.template_id:
            step["hint"] = self.template_id.sudo().name
        elif not self._is_content_empty() or self.state != "draft":
            step["hint"] = self.env._("Written freely")
        else:
            step.update(status="open", hint=self.env._("Choose one, or write freely"))
        if self.state == "draft" and self._origin:
            step["action"] = "action_load_template"
        elif self.state == "draft":
            step["focus"] = "template_id"
        return step

    def _get_writing_step(self, transport):
        missing = self._get_missing(("name", *transport.required_fields))
        step = {"key": "write", "label": self.env._("Write"), "page": "content"}
        if not missing:
            return {**step, "status": "done", "hint": transport.describe_written()}
        labels = [self._fields[name]._description_string(self.env) for name in missing]
        hint = self.env._("Missing: %s", ", ".join(labels))
        return {**step, "status": "open", "hint": hint, "focus": missing[0]}

    def _get_recipients_step(self, transport):
        step = {"key": "recipients", "label": self.env._("Recipients"), "page": "recipients"}
        pending = self.pending_count
        if self[transport.problems_field]:
            step.update(status="attention", hint=transport.describe_problems())
        elif pending and self.recipients_loaded_at:
            count = formatLang(self.env, pending, digits=0)
            step.update(status="done", hint=self.env._("%s will be written to", count))
        elif pending:
            step.update(status="attention", hint=self.env._("Changed: load them again"))
        elif self.recipients_loaded_at and self.skipped_count:
            step.update(status="attention", hint=self.env._("All of them are excluded"))
        elif self._has_sources():
            step.update(status="open", hint=self.env._("Load them to see who they are"))
        else:
            step.update(status="open", hint=self.env._("Choose who gets it"), focus="audience_ids")
        return step

    def _get_preview_step(self):
        step = {"key": "preview", "label": self.env._("Preview"), "action": "action_preview"}
        if not self.last_look_fingerprint:
            return {**step, "status": "open", "hint": self.env._("See what a recipient gets")}
        if self.last_look_fingerprint == self.content_fingerprint:
            return {**step, "status": "done", "hint": self.env._("Seen as it is now")}
        return {**step, "status": "attention", "hint": self.env._("Changed since you saw it")}

    def _get_test_step(self):
        step = {"key": "test", "label": self.env._("Test"), "action": "action_send_test"}
        if self.test_state == "tested":
            return {**step, "status": "done", "hint": self.env._("Tested as it is now")}
        if self.test_state == "changed":
            return {**step, "status": "attention", "hint": self.env._("Changed since the test")}
        return {**step, "status": "open", "hint": self.env._("Send it to yourself")}

    def _get_submission_step(self):
        step = {"key": "submit", "label": self.env._("Submit")}
        if self.state == "draft":
            hint = self.env._("Ask for validation")
            return {**step, "status": "open", "hint": hint, "action": "action_submit"}
        request = self.sudo()._get_pending_request()
        when = request.requested_at and format_datetime(
            self.env, request.requested_at, dt_format="short"
        )
        hint = self.env._("%(name)s, %(date)s", name=request.requested_by_id.name, date=when)
        return {**step, "status": "done", "hint": hint}

    def _get_validation_step(self):
        step = {"key": "validation", "label": self.env._("Validation"), "status": "open"}
        if self.state == "draft":
            return {**step, "hint": self.env._("By a second person")}
        return {**step, "hint": self.env._("Waiting for a second person"), "page": "review"}
