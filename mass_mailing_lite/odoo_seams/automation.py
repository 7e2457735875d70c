"""Automation rules (``base_automation``) and tracking, which both extend ``write``."""

from odoo import models

from ..models.mailing_guard import SYSTEM_KEY


def is_watched(contacts):
    """Tell whether a change of tags must go through ``write``, for automation rules or tracking.

    ``write`` takes seven statements, so it is avoided where nothing depends on it. Automation rules
    replace it on the class of the model and keep the old method as ``write.origin``.

    :param contacts: ``res.partner`` records
    """
    return hasattr(type(contacts).write, "origin") or "category_id" in contacts._track_get_fields()


class IrActionsServer(models.Model):
    """A server action, which an automation rule may run in the middle of our own ``write``."""

    _inherit = "ir.actions.server"

    def run(self):
        """Run the action without the right to write what only the addon's code writes.

        Automation rules run actions with the context of the ``write`` that triggered them. Ours
        has the sentinel of ``partner.mailing.guard``, with which an action could validate a
        mailing, or change it after its fingerprint was compared.
        """
        if SYSTEM_KEY in self.env.context:
            self = self.with_context(**{SYSTEM_KEY: None})  # noqa: PLW0642
        return super().run()
