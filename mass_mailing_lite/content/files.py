import binascii
import re

from odoo.fields import Command

from ..tools import local_file
from ..tools.version import get_made_for

# A pasted picture is in the body itself, as a data: URL (RFC 2397).
INLINE_PICTURE = re.compile(
    r"""(?<=["'(])data:(image/[a-z.+-]+);base64,([A-Za-z0-9+/=\s]+)(?=["')])"""
)
DATA_URL = "data:image/"
# In the context, compared by identity, while the addresses of files are replaced: with each field that
# is written, Odoo writes the record once more.
OWNING, OWNING_KEY = object(), "partner_mailing_owning_pictures"


def get_body_fields(mailing):
    """Return the names of the fields with HTML that authors write, of all channels, in order."""
    return sorted(mailing._collect_from_transports("body_fields"))


class BodyPictures:
    """Pictures and files in a body: they become files of the mailing, which nobody else changes.

    :param mailing: a ``partner.mailing`` record; empty while it is created
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def store(self, vals):
        """Return values with a URL in place of each picture in the bodies, and the new files.

        A picture that stands in several of them becomes one file.
        """
        files = self.env["ir.attachment"]
        bodies = {name: str(vals.get(name) or "") for name in get_body_fields(self.mailing)}
        bodies = {name: body for name, body in bodies.items() if DATA_URL in body}
        addresses = {}
        for body in bodies.values():
            for source, kind, encoded in {
                match.group(0, 1, 2) for match in INLINE_PICTURE.finditer(body)
            }:
                if source not in addresses and (file := self._store_one(kind, encoded)):
                    [token] = file.generate_access_token()
                    addresses[source] = f"/web/image/{file.id}?access_token={token}"
                    files += file
        replaced = {
            name: INLINE_PICTURE.sub(lambda match: addresses.get(match[0], match[0]), body)
            for name, body in bodies.items()
        }
        return {**vals, **replaced}, files

    def _store_one(self, kind, encoded):
        """Store a picture as a file and return it; return no record when it cannot be decoded."""
        try:
            octets = binascii.a2b_base64(encoded)
        except binascii.Error:
            return self.env["ir.attachment"]
        name = f"picture.{kind.partition('/')[2].partition('+')[0]}"
        values = {"name": name, "raw": octets, "mimetype": kind, "res_model": self.mailing._name}
        return self.env["ir.attachment"].sudo().create(values)

    def own(self):
        """Give the mailing files of its own in place of those of other records that it shows.

        In every language. A picture of a template, of another mailing or of the library could be
        changed or deleted there after messages have left. A file that the user has just uploaded
        becomes the mailing's; others are copied, if the user may read them or the address has
        their token.
        """
        mailing = self.mailing
        if self.env.context.get(OWNING_KEY) is OWNING:
            return
        base_url = mailing.get_base_url().rstrip("/")
        names = get_body_fields(mailing)
        mailing.flush_recordset(names)
        stored = mailing.sudo()._get_translations(names)
        shown = {}
        for body in (body for bodies in stored.values() for body in bodies.values()):
            for number, tokens in local_file.find(body, base_url).items():
                shown.setdefault(number, set()).update(tokens)
        replaced = self.adopt(shown)
        if replaced:
            stale = mailing._get_stale_versions()
            changed = {
                name: {
                    lang: local_file.replace(body, base_url, replaced)
                    for lang, body in bodies.items()
                }
                for name, bodies in stored.items()
                if bodies
            }
            mailing.with_context(**{OWNING_KEY: OWNING})._write_texts(changed)
            mailing.invalidate_recordset(names, flush=False)
            mailing._note_versions(get_made_for(*mailing._get_version_texts(), stale))

    def adopt(self, shown):
        """Return {id of a foreign file: (id of the mailing's own, access token)}.

        :param shown: {id: access tokens that the body has for it}
        """
        if not shown:
            return {}
        mailing = self.mailing
        mailing.ensure_one()
        owner = {"res_model": mailing._name, "res_id": mailing.id}
        files = self.env["ir.attachment"].sudo()
        replaced = {}
        for file in files.browse(shown).exists():
            if (file.res_model, file.res_id) == (mailing._name, mailing.id) and not file.res_field:
                continue
            is_loose = not file.res_id or (
                file.res_model in self.env and self.env[file.res_model].is_transient()
            )
            if is_loose and not file.res_field and file.create_uid.id == self.env.uid:
                file.write(owner)
                continue
            token = file.access_token
            if not (token and token in shown[file.id]) and not file.with_user(
                self.env.uid
            ).has_access("read"):
                continue
            same = [(name, "=", value) for name, value in owner.items()]
            same += [(name, "=", file[name]) for name in ("checksum", "mimetype", "name", "url")]
            # Not one that is attached, which the author may remove.
            own = (files.search(same) - mailing.sudo().attachment_ids)[:1] or file.copy(
                {
                    **owner,
                    "res_field": False,
                    "public": False,
                    "access_token": False,
                    "name": file.name,
                }
            )
            [new_token] = own.generate_access_token()
            replaced[file.id] = (own.id, new_token)
        return replaced


def link_attachments(mailing):
    """Link the attached files to the mailing.

    A file that belongs to another record, such as a template, is copied, so that a change of
    it there does not change the mailing.

    :raises AccessError: for a file that the user may not read
    """
    env = mailing.env
    foreign = mailing.attachment_ids.filtered(
        lambda file: (file.res_model, file.res_id) != (mailing._name, mailing.id)
    )
    if not foreign:
        return
    foreign.check_access("read")
    uploaded = foreign.filtered(lambda file: not file.res_id and file.create_uid == env.user)
    owner = {"res_model": mailing._name, "res_id": mailing.id}
    uploaded.sudo().write(owner)
    copies = env["ir.attachment"]
    for file in foreign - uploaded:
        copies |= file.sudo().copy({**owner, "name": file.name})
    if copies:
        kept = mailing.attachment_ids - foreign + uploaded
        mailing._as_system().write({"attachment_ids": [Command.set((kept + copies).ids)]})
