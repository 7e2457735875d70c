from odoo import fields


class WithoutValue:
    """Of a field of numbers: a number that is not there is False, and not 0.

    Screens show "–", an export has an empty cell, and RPC answers False.
    """

    falsy_value = None

    def convert_to_cache(self, value, record, validate=True):
        if value is None or value is False:
            return None
        return super().convert_to_cache(value, record, validate)

    def convert_to_record(self, value, record):
        return False if value is None else value

    def convert_to_export(self, value, record):
        return "" if value is False else value


class RateField(WithoutValue, fields.Float):
    """A share in percent, without a value where there is nothing to divide by.

    A mailing that does not track openings has no rate of openings.
    """


class CountField(WithoutValue, fields.Integer):
    """A number, without a value where it is not known.

    Another system may have sent a mailing, and have counted less than this one does.
    """


def rate(part, whole):
    """Return ``part`` of ``whole`` in percent; False where ``whole`` is 0."""
    return 100.0 * part / whole if whole else False
