import binascii
import re

from odoo import models

# A picture that stands in the body itself (RFC 2397), as it comes with what was pasted.
INLINE = re.compile(r"""(?<=["'(])data:(image/[a-z.+-]+);base64,([A-Za-z0-9+/=\s]+)(?=["')])""")
MARK = "data:image/"


class PartnerMailing(models.Model):
    """Pictures in the body become files of the mailing.

    Mail programs do not show pictures that stand in the HTML itself, each
    recipient would carry them, and a body of megabytes is slow to edit.
    """

    _inherit = "partner.mailing"

    def _store_pictures(self, vals):
        """Return values with an address in place of each picture in the body, and the new files.

        Before Odoo sees them: it removes such pictures from what is to be mailed.
        """
        files = self.env["ir.attachment"]
        body = str(vals.get("body_html") or "")
        if MARK not in body:
            return vals, files
        addresses = {}
        for source, kind, encoded in {match.group(0, 1, 2) for match in INLINE.finditer(body)}:
            if file := self._store_picture(kind, encoded):
                [token] = file.generate_access_token()
                addresses[source] = f"/web/image/{file.id}?access_token={token}"
                files += file
        replaced = INLINE.sub(lambda match: addresses.get(match[0], match[0]), body)
        return {**vals, "body_html": replaced}, files

    def _store_picture(self, kind, encoded):
        """Keep a picture as a file; return nothing when it cannot be read."""
        try:
            octets = binascii.a2b_base64(encoded)
        except binascii.Error:
            return self.env["ir.attachment"]
        name = f"picture.{kind.partition('/')[2].partition('+')[0]}"
        values = {"name": name, "raw": octets, "mimetype": kind, "res_model": self._name}
        return self.env["ir.attachment"].sudo().create(values)

    def _adopt_pictures(self, files):
        """Make files that were just stored the mailing's own: they go with it."""
        if files:
            files.write({"res_id": self[:1].id})
