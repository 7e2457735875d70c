import time

from odoo import api, models
from odoo.exceptions import AccessError, LockError

# Compared by identity: a context from RPC is JSON, and no JSON value is this object.
SYSTEM = object()
SYSTEM_KEY = "partner_mailing_system"
# Seconds for which a lock is waited for, and after which it is tried again.
LOCK_PATIENCE = 2
LOCK_INTERVAL = 0.1


class PartnerMailingGuard(models.AbstractModel):
    """A record with fields that only the addon's own code may write."""

    _name = "partner.mailing.guard"
    _inherit = ["partner.mailing.call"]
    _description = "Fields Written by the System Alone"

    # Names of the protected fields; None protects the whole record, with its creation and deletion.
    _system_fields = None

    def _get_system_fields(self):
        """Return the names of the protected fields that any addon has named.

        Each class of the model may have ``_system_fields``; Python alone would take the last one.
        """
        named = (vars(one).get("_system_fields") for one in type(self).__mro__)
        return frozenset().union(*filter(None, named))

    def _as_system(self):
        """Return the same records, as superuser, with the right to write protected fields."""
        return self.sudo().with_context(**{SYSTEM_KEY: SYSTEM})

    def _lock_patiently(self):
        """Lock the records until the end of the transaction.

        It waits for transactions that are short, such as the one in which a check in the background
        stores what it found. What they wrote makes this transaction begin anew, as Odoo does it.

        :raises LockError: when another transaction keeps the lock
        """
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            try:
                return self.lock_for_update(allow_referencing=True)
            except LockError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(LOCK_INTERVAL)

    def _is_system(self):
        return self.env.context.get(SYSTEM_KEY) is SYSTEM

    @api.model_create_multi
    def create(self, vals_list):
        if self._is_system():
            return super().create(vals_list)
        if self._system_fields is None:
            self._raise_system_only()
        for vals in vals_list:
            self._check_system_fields(vals)
        return super().create(vals_list)

    @api.model
    def default_get(self, fields):
        """Take the defaults of protected fields from their definition alone.

        Defaults from the context (``default_state``) and from ``ir.default``, where users set their
        own, would otherwise reach records that the addon's code creates for a user.
        """
        kept = self._fields if self._system_fields is None else self._get_system_fields()
        values = super().default_get([name for name in fields if name not in kept])
        own = {
            name: self._fields[name].default(self)
            for name in fields
            if name in kept and self._fields[name].default
        }
        return {**values, **self._convert_to_write(own)}

    def write(self, vals):
        if not self._is_system():
            self._check_system_fields(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_by_system(self):
        if self._system_fields is None and not self._is_system():
            self._raise_system_only()

    def _check_system_fields(self, vals):
        if self._system_fields is None:
            self._raise_system_only()
        kept = self._get_system_fields()
        for name in vals:
            if name in kept:
                raise AccessError(
                    self.env._(
                        'The field "%(field)s" of a %(model)s is kept by the system: '
                        "use the buttons of the mailing to change it.",
                        field=self._fields[name]._description_string(self.env),
                        model=self._description,
                    )
                )

    def _raise_system_only(self):
        raise AccessError(
            self.env._(
                "A %(model)s is kept by the system: it cannot be created, changed or deleted by hand.",
                model=self._description,
            )
        )
