from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# Fields of each record that name no record a dialog is about.
LOG_FIELDS = {"create_uid", "write_uid"}


class PartnerMailingDialog(models.AbstractModel):
    """A dialog, which shows nothing of records that its user may not read.

    Related and stored computed fields read as the superuser. So the records that a dialog names in
    its many2one fields (the mailing, a recipient, a contact, a template) are checked wherever a
    value comes in or goes out: ``create``, ``write``, ``default_get``, ``onchange``, and each way
    of reading. A dialog belongs to the user who opened it: record rules.
    """

    _name = "partner.mailing.dialog"
    _inherit = ["partner.mailing.call"]
    _description = "Dialog about a Mailing"

    # ------------------------------------------------------------
    # What comes in
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        self.browse().check_access("create")
        for vals in vals_list:
            self._check_named_readable(vals)
            completed = {**self._get_missing_defaults(vals), **vals}
            self._check_filled({name: completed.get(name) for name in self._get_required()})
        dialogs = super().create(vals_list)
        dialogs.check_access("read")
        return dialogs

    def write(self, vals):
        self._check_named_readable(vals)
        self._check_filled({name: vals[name] for name in self._get_required() if name in vals})
        return super().write(vals)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        self._check_named_readable(values)
        return values

    def onchange(self, values, field_names, fields_spec):
        """Compute a form; see the module web. What the values name must be readable.

        :raises AccessError: for a record that the user may not read
        """
        self._check_named_readable(values)
        if not self:
            # Related fields are computed from the defaults, whichever fields are asked for.
            self._get_missing_defaults(values)
        return super().onchange(values, field_names, fields_spec)

    def _get_missing_defaults(self, values):
        """Return the defaults of many2one and required fields that ``values`` does not have.

        :raises AccessError: for a default that the user may not read
        """
        names = {*self._get_named(), *self._get_required()}
        return self.default_get(sorted(names - set(values)))

    @api.model
    def _get_named(self):
        """Return {name: field} of the records that a dialog is about."""
        return {
            name: field
            for name, field in self._fields.items()
            if field.type == "many2one" and field.store and name not in LOG_FIELDS
        }

    @api.model
    def _get_required(self):
        """Return the names of the fields that must be filled when a dialog is saved."""
        return [
            name
            for name, field in self._fields.items()
            if field.required and field.store and not field.compute and field.type != "boolean"
        ]

    def _check_named_readable(self, values):
        """Raise for a record in ``values`` that the user may not read.

        :raises AccessError: for what the user may not read
        :raises UserError: names the field whose value is no record
        """
        if not isinstance(values, dict):
            raise UserError(self.env._("A dialog is filled in by the names of its fields."))
        for name, field in self._get_named().items():
            number = values.get(name)
            if isinstance(number, models.BaseModel):
                number = number.id
            elif isinstance(number, (list, tuple)):
                number = number[0] if number else False
            elif isinstance(number, dict):
                number = number.get("id")
            if not number:
                continue
            record = self.env[field.comodel_name].browse(
                number if type(number) is int and 0 < number < 2**31 else []
            )
            if not record.exists():
                raise UserError(
                    self.env._(
                        'The value of the field "%(field)s" (%(dialog)s) does not exist. It may have'
                        " been deleted: close the dialog and open it again.",
                        field=field._description_string(self.env),
                        dialog=self._description,
                    )
                )
            record.check_access("read")

    def _check_filled(self, values):
        """Raise for the first of the required fields that is empty.

        :raises UserError: names the field
        """
        for name, value in values.items():
            if not value and self._fields[name].type not in ("integer", "float"):
                raise UserError(
                    self.env._(
                        'The field "%(field)s" (%(dialog)s) is empty. Fill it in, or open the dialog'
                        " from the mailing.",
                        field=self._fields[name]._description_string(self.env),
                        dialog=self._description,
                    )
                )

    # ------------------------------------------------------------
    # What goes out
    # ------------------------------------------------------------

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if self.env.su or not any(self._ids):
            return result
        denied = result[0] if result else self.browse()
        hidden = (self - denied)._get_hiding()
        if not hidden:
            return result
        return denied | hidden, lambda: self.env["ir.rule"]._make_access_error(operation, hidden)

    def _get_hiding(self):
        """Return the dialogs that name a record which the user may not read."""
        hiding = self.browse()
        saved = self.filtered("id").sudo().exists()
        for name in self._get_named():
            named = saved[name].exists().sudo(False)
            forbidden = named - named._filtered_access("read")
            hiding |= saved.filtered(lambda one, name=name, ids=forbidden._ids: one[name].id in ids)
        return hiding.sudo(False)

    def _search(self, domain, *args, bypass_access=False, **kwargs):
        if not (self.env.su or bypass_access):
            # The dialogs of one user in some hours: a handful.
            own = self.sudo()._search(Domain("create_uid", "=", self.env.uid))
            own = self.browse(own)
            domain = Domain(domain) & Domain("id", "in", (own - own._get_hiding()).ids)
        return super()._search(domain, *args, bypass_access=bypass_access, **kwargs)
