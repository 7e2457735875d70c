from markupsafe import Markup

from odoo import fields

from ..tools.outlook import mask


class BodyField(fields.Html):
    """HTML of messages: conditional comments, which only Outlook reads, stay as they were written.

    All the rest is sanitized as Odoo does it. A field of Odoo that is declared anew as such a field
    keeps its other parameters.
    """

    def _convert(self, value, record, validate):
        if not value or not validate or not self.sanitize:
            return super()._convert(value, record, validate)
        masked = mask(str(value))
        if not masked:
            return super()._convert(value, record, validate)
        text = super()._convert(masked.text, record, validate) or ""
        if not masked.is_whole(text):
            return super()._convert(value, record, validate)
        return Markup(masked.leading + masked.restore(str(text)))
