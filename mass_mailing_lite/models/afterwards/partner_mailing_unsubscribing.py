import json

from markupsafe import escape

from odoo import fields, models
from odoo.fields import Command
from odoo.tools import SQL
from odoo.tools.mail import generate_tracking_message_id

COMMENT_LIMIT = 1000  # characters


class PartnerMailingRecipient(models.Model):
    """What a recipient's own link can do to them, and nothing to anybody else."""

    _inherit = "partner.mailing.recipient"

    def _unsubscribe_by_one_click(self, number):
        """Do what the button of a mail program asks for (RFC 8058).

        Leaves the groups of the mailing that the recipient is in; who is in none
        was not reached by one, and gets no mailings any more. Mail programs ask
        more than once: a second time changes nothing.

        :return: ``Standing`` after it, None when there is no such recipient
        """
        standing = self._get_standing(number, lock=True)
        if not standing or standing.unsubscribed or standing.gone:
            return standing
        return self._leave(standing, standing.groups, not standing.carried, is_one_click=True)

    def _unsubscribe(self, number, groups=(), everything=False):
        """Do what the recipient chose on the page.

        :param groups: ids of the tags to leave; those that the mailing does not
            name, or the recipient is not in, are passed over
        :param everything: get no mailings any more
        :return: ``Standing`` after it, None when there is no such recipient
        """
        standing = self._get_standing(number, lock=True)
        if not standing:
            return None
        groups = [] if everything else sorted(set(groups) & set(standing.groups))
        if groups or (everything and not standing.blocklisted):
            return self._leave(standing, groups, everything)
        return standing

    def _leave(self, standing, groups, everything, is_one_click=False):
        """Take the tags off, or the address onto the blocklist, and remember how it was.

        :return: ``Standing`` after it
        """
        removed = [pair for pair in standing.carried if pair[1] in groups]
        if everything and not standing.blocklisted:
            self._add_to_blocklist(standing)
        contacts = self.env["res.partner"].browse({contact for contact, _tag in removed})
        if removed and is_watched(contacts):
            for group in groups:
                ids = [contact for contact, tag in removed if tag == group]
                contacts.browse(ids).write({"category_id": [Command.unlink(group)]})
            self.env.flush_all()  # before the statement that writes the same rows
        self._remember(standing, groups, everything, is_one_click, removed)
        if removed:
            contacts.invalidate_recordset(["category_id", "write_date", "write_uid"], flush=False)
            self.env["res.partner.category"].invalidate_model(["partner_ids"], flush=False)
            contacts.modified(["category_id"])
            self._log_on_contacts(standing, removed)
        return standing.after_leaving(groups, everything)

    def _remember(self, standing, groups, everything, is_one_click, removed):
        """Carry out a decision, and keep it: one statement where the ORM takes fifteen.

        Takes the tags ``removed`` off, writes the decision, and marks the recipient.

        Plan: tags and contacts by primary key.
        """
        self.env.execute_query(
            SQL(
                """
                WITH act AS (
                    INSERT INTO partner_mailing_unsubscription
                           (mailing_id, company_id, recipient_id, email_normalized, is_everything,
                            is_one_click, removed_tags, create_date, create_uid, write_date, write_uid)
                    VALUES (%(mailing)s, %(company)s, %(recipient)s, %(address)s, %(everything)s,
                            %(is_one_click)s, %(removed)s, %(now)s, %(uid)s, %(now)s, %(uid)s)
                 RETURNING id
                ), groups AS (
                    INSERT INTO partner_mailing_unsubscription_category_rel
                           (unsubscription_id, category_id)
                    SELECT act.id, category_id FROM act, unnest(%(groups)s::integer[]) category_id
                ), untagged AS (
                    DELETE FROM res_partner_res_partner_category_rel t
                     USING unnest(%(contacts)s::integer[], %(tags)s::integer[]) AS x (contact, tag)
                     WHERE t.partner_id = x.contact AND t.category_id = x.tag
                ), touched AS (
                    UPDATE res_partner SET write_date = %(now)s, write_uid = %(uid)s
                     WHERE id = ANY(%(contacts)s::integer[]))
                UPDATE partner_mailing_recipient
                   SET unsubscribed_at = COALESCE(unsubscribed_at, %(now)s)
                 WHERE id = %(recipient)s
             RETURNING id
                """,
                mailing=standing.mailing_id,
                company=standing.company_id,
                recipient=standing.id,
                address=standing.address,
                everything=everything,
                is_one_click=is_one_click,
                removed=json.dumps(removed),
                groups=groups,
                contacts=[contact for contact, _tag in removed],
                tags=[tag for _contact, tag in removed],
                now=fields.Datetime.now(),
                uid=self.env.uid,
            )
        )
        self.env["partner.mailing.unsubscription"].invalidate_model(flush=False)
        self.invalidate_model(["unsubscribed_at"], flush=False)

    def _log_on_contacts(self, standing, pairs, undone=False):
        """Write into the chatter of each contact which tags went, or came back."""
        staff = self._in_language_of_staff(standing)
        names = standing.name_tags(standing.staff_lang)
        words = {}
        for contact, tag in pairs:
            words.setdefault(contact, []).append(names[tag])
        bodies = {
            contact: staff.env._(
                'Took back leaving %(tags)s, by the link in the mailing "%(mailing)s".',
                tags=", ".join(tags),
                mailing=standing.mailing_name,
            )
            if undone
            else staff.env._(
                'Unsubscribed from %(tags)s, by the link in the mailing "%(mailing)s".',
                tags=", ".join(tags),
                mailing=standing.mailing_name,
            )
            for contact, tags in words.items()
        }
        self._log_notes(staff.env["res.partner"].browse(bodies), bodies, standing)

    def _log_notes(self, records, bodies, standing):
        """Write a note into the chatter of each record: one statement for all.

        What ``_message_log_batch`` does, without its reading of company and
        author for an address to reply to: nobody replies to a note.

        :param bodies: {record id: text}
        """
        note = {
            "model": records._name,
            "author_id": self._get_robot_id(),
            "email_from": standing.robot_address,
            "reply_to": standing.robot_address,
            "message_type": "notification",
            "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
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

    def _add_to_blocklist(self, standing):
        """Put the address on Odoo's blocklist, with a note that says why.

        Somebody else who does it at this very moment makes this fail by a
        unique violation; see ``decide`` in the controller.
        """
        staff = self._in_language_of_staff(standing)
        # The note says all that a line about the creation and one about the change would.
        blocklist = staff.env["mail.blacklist"].with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True, mail_notrack=True
        )
        entry = blocklist.browse(standing.blocklist_id or [])
        if entry:
            entry.write({"active": True})
        else:
            entry = blocklist.create({"email": standing.address})
        message = staff.env._(
            'Unsubscribed from all mailings, by the link in the mailing "%s".',
            standing.mailing_name,
        )
        self._log_notes(entry, {entry.id: message}, standing)

    def _in_language_of_staff(self, standing):
        """Return ``self`` as those see it who read the notes; the company saves reading the user."""
        return self.with_context(
            lang=standing.staff_lang, allowed_company_ids=[standing.company_id]
        )

    def _undo_unsubscribing(self, number):
        """Take back what the links of one message have done, as far as it still stands.

        :return: ``Standing`` after it, None when there is no such recipient
        """
        standing = self._get_standing(number, lock=True)
        if not standing or not standing.unsubscribed:
            return standing
        acts = self._get_acts(standing)
        alive = set(
            self.env["res.partner"]
            .browse({contact for act in acts for contact, _tag in act.removed_tags or ()})
            .exists()
            .ids
        )
        tags = set(acts.category_ids.ids)
        pairs = [
            (contact, tag)
            for act in acts
            for contact, tag in act.removed_tags or ()
            if contact in alive and tag in tags
        ]
        for contact, tag in pairs:
            self.env["res.partner"].browse(contact).write({"category_id": [Command.link(tag)]})
        if pairs:
            self._log_on_contacts(standing, pairs, undone=True)
        if any(act.is_everything for act in acts):
            staff = self._in_language_of_staff(standing)
            message = staff.env._(
                'Took back unsubscribing, by the link in the mailing "%s".', standing.mailing_name
            )
            staff.env["mail.blacklist"]._remove(standing.address, message=message)
        acts.write({"undone_at": fields.Datetime.now()})
        self.browse(standing.id)._as_system().write({"unsubscribed_at": False})
        return self._get_standing(number)

    def _note_unsubscribe_reason(self, number, reason, comment):
        """Keep why somebody left; unknown reasons are passed over.

        :return: ``Standing``, None when there is no such recipient
        """
        standing = self._get_standing(number)
        act = standing and self._get_acts(standing)[:1]
        known = dict(act._fields["reason"].selection) if act else {}
        if act:
            act.write(
                {
                    "reason": reason if reason in known else False,
                    "comment": (comment or "").replace("\0", "").strip()[:COMMENT_LIMIT] or False,
                }
            )
        return standing

    def _get_acts(self, standing):
        """Return what this recipient has decided and not undone, the latest first."""
        return (
            self.env["partner.mailing.unsubscription"]
            ._as_system()
            .search([("recipient_id", "=", standing.id), ("undone_at", "=", False)])
        )


def is_watched(contacts):
    """Tell whether somebody wants to see tags go: automation rules, or tracking of changes.

    Both hang on ``write``, which takes seven statements. Automation rules put
    themselves around it and keep what was there as its ``origin``.
    """
    return hasattr(type(contacts).write, "origin") or "category_id" in contacts._track_get_fields()
