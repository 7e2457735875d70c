import unicodedata

from odoo import api, models
from odoo.exceptions import ValidationError

MEGABYTE = 1024 * 1024
LINE = 76  # characters of base64 in a line (RFC 2045, section 6.8), and CRLF behind them


class PartnerMailing(models.Model):
    """Files that the mail server takes, with names that a header can hold."""

    _inherit = "partner.mailing"

    @api.constrains("attachment_ids", "mail_server_id", "email_from", "body_html")
    def _check_message_size(self):
        """Refuse what the mail server would refuse, for every recipient anew.

        :raises ValidationError: with both sizes
        """
        for mailing in self:
            files = mailing.sudo().attachment_ids
            size = sum(encoded_size(file.file_size) for file in files)
            # The body is sent as HTML and, shorter, as text.
            size += 2 * len((mailing.body_html or "").encode())
            if size < MEGABYTE:
                continue  # every server takes that; no need to look for the server
            server, _terms = mailing._get_sender_terms()
            limit = server._get_max_email_size()
            if size > limit * MEGABYTE:
                raise ValidationError(
                    self.env._(
                        'The message of the mailing "%(mailing)s" is too large: the files in the field'
                        ' "%(field)s" have %(files).1f MB, and with them the message has %(size).1f MB'
                        ' on its way. The mail server "%(server)s" takes %(limit).1f MB at most.'
                        " Remove or shrink files, or put them on the web and write a link.",
                        mailing=mailing.name,
                        field=self._fields["attachment_ids"]._description_string(self.env),
                        files=sum(files.mapped("file_size")) / MEGABYTE,
                        size=size / MEGABYTE,
                        server=server.name or self.env._("Default"),
                        limit=limit,
                    )
                )

    @api.constrains("attachment_ids")
    def _check_file_names(self):
        """Refuse names that no header can hold, or that show an ending that is none.

        :raises ValidationError: names the file
        """
        for mailing in self:
            for file in mailing.sudo().attachment_ids:
                if any(is_deceptive(char) for char in file.name or ""):
                    shown = "".join("?" if is_deceptive(char) else char for char in file.name or "")
                    raise ValidationError(
                        self.env._(
                            'The name of the file "%s" holds a line break or another invisible sign'
                            " (shown as ?), which mail programs refuse or show as something else."
                            " Rename the file and attach it again.",
                            shown,
                        )
                    )


def encoded_size(octets):
    """Return how many octets a file of ``octets`` has in a message, as base64 with line breaks."""
    encoded = (octets + 2) // 3 * 4
    return encoded + (encoded + LINE - 1) // LINE * 2


def is_deceptive(char):
    """Tell whether a character is a control, or turns the direction of those behind it.

    ``invoice\\u202efdp.exe`` is shown as ``invoiceexe.pdf`` (Unicode TR 36, section 2.5).
    The plain marks of direction, U+200E and U+200F, belong into Hebrew and Arabic names.
    """
    return unicodedata.category(char) == "Cc" or unicodedata.bidirectional(char) in {
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    }  # fmt: skip
