"""The files of a mailing that recipients download by a link, in a message and in the review."""

from odoo import fields
from odoo.tools.misc import format_date, formatLang

from ..delivery.compose.link_token import LinkSlot
from ..tools.link_days import last_day

FILE = "file"  # purpose of the tokens in the links, see ``_get_link_key`` of the mailing
# Context: when the message was sent that is built again (naive, UTC).
SENT_AT = "partner_mailing_sent_at"
KILOBYTE, MEGABYTE = 1024, 1024 * 1024


def get_links(mailing):
    """Return the attachments of a mailing that are sent as links."""
    return mailing.sudo().attachment_ids.filtered("partner_mailing_as_link")


def render_block(mailing, marker_for):
    """Return the block with the links as HTML, empty without any.

    :param mailing: a ``partner.mailing``, in the language of the message
    :param marker_for: callable, ``LinkSlot`` -> its slot marker
    """
    links = get_links(mailing)
    if not links:
        return ""
    env = mailing.env
    rows = env["partner.mailing.file"].sudo()
    rows = rows.search_fetch([("mailing_id", "=", mailing.id)], ["attachment_id"])
    numbers = {row.attachment_id.id: row.id for row in rows}
    url = mailing._get_link(FILE, marker_for(LinkSlot(FILE)))
    until = last_day(get_moment(mailing), mailing.link_days)
    return env["ir.qweb"]._render(
        "mass_mailing_lite.mail_files",
        {
            "files": [
                {
                    "name": file.name,
                    # Before the validation there is no number: a preview leads to a page that says so.
                    "url": f"{url}/{numbers.get(file.id, 0)}",
                    "size": name_size(env, file.file_size),
                }
                for file in links
            ],
            "until": env._("Available until %s", format_date(env, until, date_format="long")),
        },
        minimal_qcontext=True,
    )


def describe_links(mailing):
    """Return the links of a mailing in words, for the review; None without any.

    :return: dict: ``files``, a list of (name, size), and ``until``, a sentence
    """
    links = get_links(mailing)
    if not links:
        return None
    env, moment = mailing.env, get_moment(mailing)
    until = last_day(moment, mailing.link_days)
    return {
        "files": [(file.name, name_size(env, file.file_size)) for file in links],
        "until": env._(
            "Until %(until)s for a message of %(begin)s: each link works for %(days)s days after its"
            " message is sent.",
            days=mailing.link_days,
            until=format_date(env, until, date_format="medium"),
            begin=format_date(env, moment.date(), date_format="medium"),
        ),
    }


def name_kind(file):
    """Return what a fingerprint has of a file beside name, type and bytes, as a list.

    Empty for an attachment, so mailings without links keep the fingerprint that they had.
    """
    return ["link"] if file.partner_mailing_as_link else []


def get_moment(mailing):
    """Return when a message that is built now is sent (naive, UTC)."""
    if sent_at := mailing.env.context.get(SENT_AT):
        return sent_at
    planned = not mailing.started_at and mailing.scheduled_at
    return max(filter(None, (fields.Datetime.now(), planned)))


def name_size(env, octets):
    """Return the size of a file in words, in the language of ``env``."""
    if octets < MEGABYTE:
        kilobytes = max(octets / KILOBYTE, 1) if octets else 0
        return env._("%s kB", formatLang(env, kilobytes, digits=0))
    return env._("%s MB", formatLang(env, octets / MEGABYTE, digits=1))
