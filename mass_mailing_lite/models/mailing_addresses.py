from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import ValidationError

from ..tools import address_field

SHOWN = 200  # characters of a value that is quoted in an error


class AddressField(NamedTuple):
    """How a field for typed addresses is read.

    :ivar many: it takes several mailboxes, separated by commas
    :ivar foreign: it takes local parts that are not ASCII, which not every server delivers (RFC 6531)
    """

    many: bool = False
    foreign: bool = False


class PartnerMailingAddresses(models.AbstractModel):
    """A record with fields for addresses that people type, which are kept in their proper form.

    Whatever way a value comes in, it is read when it is saved: form, RPC, import, copy, template,
    default. What cannot be read is refused there.
    """

    _name = "partner.mailing.addresses"
    _inherit = ["partner.mailing.call"]
    _description = "Fields for Typed Addresses"

    # Names of the fields -> ``AddressField``.
    _address_fields = {}

    def _show_addresses_read(self):
        """Show what was understood, in a form; what cannot be read stays as it was typed."""
        for name in self._address_fields:
            if mailboxes := self._read_known_addresses(name):
                self[name] = address_field.write_many(mailboxes)

    @api.model_create_multi
    def create(self, vals_list):
        # Defaults are what users and administrators have typed, too.
        completed = []
        for vals in vals_list:
            if not isinstance(vals, dict):
                completed.append(vals)  # Odoo refuses it
                continue
            missing = [name for name in self._address_fields if name not in vals]
            defaults = self.default_get(missing)
            completed.append(
                self._tidy_addresses({**vals, **{name: defaults.get(name) for name in missing}})
            )
        return super().create(completed)

    def write(self, vals):
        return super().write(self._tidy_addresses(vals))

    @api.model
    def _tidy_addresses(self, vals):
        """Return the values with addresses in their proper form.

        :raises ValidationError: names the field, the value and the remedy
        """
        if not isinstance(vals, dict):
            return vals  # Odoo refuses it
        for name in self._address_fields:
            if not isinstance(vals.get(name) or "", str):
                # Raises; what cannot be stored in a text is refused with the address.
                self._check_text(vals[name], self._fields[name]._description_string(self.env))
        tidied = {
            name: address_field.write_many(self._parse_addresses(name, vals[name])) or False
            for name in self._address_fields
            if vals.get(name)
        }
        return {**vals, **tidied}

    def _read_addresses(self, name):
        """Return the mailboxes of a field, as ``address_field.Mailbox``.

        :raises ValidationError: when the value is older than this check, and cannot be read
        """
        self.ensure_one()
        return self._parse_addresses(name, self[name])

    def _read_known_addresses(self, name):
        """Return the mailboxes of a field; none while it cannot be read."""
        try:
            return self._parse_addresses(name, self[name])
        except ValidationError:
            return []

    @api.model
    def _parse_addresses(self, name, value):
        """Return the mailboxes of a value of the field ``name``.

        :raises ValidationError: names the field, the value and the remedy
        """
        kind = self._address_fields[name]
        try:
            if kind.many:
                return address_field.read_many(value, kind.foreign)
            mailbox = address_field.read_one(value, kind.foreign)
        except address_field.Unreadable as error:
            raise ValidationError(self._describe_unreadable(name, value, error)) from error
        return [mailbox] if mailbox else []

    @api.model
    def _describe_unreadable(self, name, value, error):
        """Return the error about a value: field, value, the piece that is wrong, remedy."""
        if self._address_fields[name].many:
            remedy = self.env._(
                "Write each address as name@example.com or as Name <name@example.com>, and separate"
                " several with commas."
            )
        else:
            remedy = self.env._(
                "Write one address, as name@example.com or as Name <name@example.com>."
            )
        return self.env._(
            'The field "%(field)s" cannot be saved with this value: %(value)s\n'
            "%(piece)s – %(reason)s\n%(remedy)s",
            field=self._fields[name]._description_string(self.env),
            value=address_field.shorten(value, SHOWN),
            piece=address_field.shorten(error.text, SHOWN),
            reason=self._get_field_problems()[error.problem],
            remedy=remedy,
        )

    @api.model
    def _get_field_problems(self):
        """Return {problem of ``address_field``: its description}."""
        return {
            **self.env["partner.mailing"]._get_address_problems(),
            address_field.LONG_NAME: self.env._(
                "the name is longer than %s characters.", address_field.MAX_NAME
            ),
            address_field.FOREIGN_LOCAL_PART: self.env._(
                "before the @ it has letters that not every mail server takes."
            ),
            address_field.MANY: self.env._("there is more than one address."),
        }

    @api.model
    def _get_own_mailbox(self, named=True):
        """Return the user's own address in its proper form, False when it is none."""
        user = self.env.user
        for name in (user.name, "") if named else ("",):
            try:
                return address_field.make(name, user.email_normalized).proper
            except address_field.Unreadable:
                continue
        return False
