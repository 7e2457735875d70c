"""Notes in the chatter (``mail.thread._message_create``)."""

from markupsafe import escape

from odoo.tools.mail import generate_tracking_message_id


def log_notes(records, bodies, author_id, author_address):
    """Write a note in the chatter of each record, in one statement for all.

    As ``_message_log_batch`` does, which besides reads company and author for a reply address.

    :param records: records of one model with a chatter
    :param bodies: {record id: text}
    :param author_id: id of the contact that is the author
    :param author_address: the author as ``Name <address>``, or ``""``
    """
    note = {
        "model": records._name,
        "author_id": author_id,
        "email_from": author_address,
        "reply_to": author_address,
        "message_type": "notification",
        "subtype_id": records.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
        "is_internal": True,
        "email_add_signature": False,
        "record_alias_domain_id": False,
        "record_company_id": False,
    }
    records._message_create(
        [
            {
                **note,
                "res_id": record.id,
                "body": escape(bodies[record.id]),
                "message_id": generate_tracking_message_id("message-notify"),
            }
            for record in records
        ]
    )
