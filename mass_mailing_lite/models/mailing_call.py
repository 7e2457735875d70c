from odoo import api, models
from odoo.exceptions import MissingError, UserError

# What PostgreSQL does not store in a text: NUL, and halves of characters beyond U+FFFF.
UNSTORABLE = {"\0", *map(chr, range(0xD800, 0xE000))}


class NotOneRecord(UserError, ValueError):
    """A method for one record was called for none or for several.

    A ``ValueError`` too, which is what Odoo raises.
    """


class PartnerMailingCall(models.AbstractModel):
    """A record that answers in words when a caller names wrong records or values.

    Forms do not; other programs do. Without this they get Python's or the database's error.
    """

    _name = "partner.mailing.call"
    _description = "Answers to Wrong Calls"

    @api.private
    def ensure_one(self):
        """Return the record, or raise in words unless it is exactly one."""
        return only_one(self)

    def _check_saved(self):
        """Raise unless all records are named by their numbers, as those in the database are.

        Odoo takes other values for records that a form has not saved yet, which may all be done.

        :raises MissingError: in words
        """
        if not all(type(one) is int and one > 0 for one in self._ids):
            raise MissingError(
                self.env._("There is no such %s. It may have been deleted.", self._description)
            )

    @api.model
    def _check_text(self, value, label):
        """Return a text that a caller gave, "" for none.

        :param label: what the value is, as users read it
        :raises UserError: when it is no text, or one that cannot be stored
        """
        if value is None or value is False:
            return ""
        if not isinstance(value, str):
            raise UserError(self.env._('The value of "%s" has to be a text.', label))
        if not UNSTORABLE.isdisjoint(value):
            raise UserError(
                self.env._(
                    'The value of "%s" has characters that cannot be stored. Type it anew.', label
                )
            )
        return value


def only_one(records):
    """Return the records if they are exactly one.

    :raises NotOneRecord: in words
    """
    if len(records._ids) != 1:
        raise NotOneRecord(
            records.env._(
                "This works for one record at a time, and was called for %(count)s (%(model)s).",
                count=len(records._ids),
                model=records._description,
            )
        )
    return records
