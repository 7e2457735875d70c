import re

from markupsafe import Markup

from odoo import fields
from odoo.addons.mass_mailing_lite.selection import get_source
from odoo.addons.mass_mailing_lite.tools.placeholder import TEXT
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_datetime
from odoo.tools.mail import is_html_empty

from .foreign_placeholders import ForeignPlaceholders
from .stock_audience import LIST_CONTACTS, LISTS, StockAudience

USER_GROUP = "mass_mailing_lite.group_user"
# The texts of a mailing of Email Marketing, and where they belong.
TEXTS = {
    "subject": "subject",
    "preview": "preview_text",
    "body_html": "body_html",
    "body_arch": "body_arch",
}
CAMPAIGN = ("campaign_id", "medium_id")
# What Odoo puts behind the subject, to make a title of it.
MADE_TITLE = re.compile(r"\([^()]{1,100} \d{4}-\d\d-\d\d\)(?: \[\d{1,9}\])?$")
# In the other states its messages are about to leave, or leaving.
READY_STATES = ("draft", "done")


class TakeOver:
    """Makes a mailing with approval of one of Email Marketing, which stays as it is.

    Each part is taken over by itself. A part that is refused is left out, and ``remarks`` say which
    it was, and why: nothing is lost without a word.

    :param stock: a ``mailing.mailing`` record
    :ivar remarks: sentences on what could not be taken over as it is
    :ivar hints: sentences on what is so of all mailings here
    """

    def __init__(self, stock):
        self.stock = stock
        self.env = stock.env
        self.draft = self.env["partner.mailing"]
        self.remarks = []
        self.hints = []

    def get_problem(self):
        """Return why no mailing can be made now, with what to do; False if one can."""
        stock = self.stock
        name = stock.display_name
        if stock.mailing_type != "mail":
            return self.env._(
                "“%s” is no e-mail. Here, only e-mails of Email Marketing are taken over: create a new"
                " mailing in the app Mailings, and copy the text.",
                name,
            )
        if stock.state == "in_queue":
            return self.env._(
                "“%s” waits in Email Marketing to be sent, and would be sent twice. Press Cancel"
                " there first.",
                name,
            )
        if stock.state not in READY_STATES:
            return self.env._(
                "“%s” is being sent by Email Marketing, and would be sent twice. Wait until it is"
                " sent.",
                name,
            )
        return False

    def make(self):
        """Return the new draft, with a note in the chatter of both."""
        values = {"name": self._get_title()}
        # What was sent keeps its source for itself: what comes of the new one is counted apart.
        if self.stock.state == "draft":
            values["source_id"] = self.stock.source_id.id
        self.draft = self.draft.create(values)
        self.draft._as_system().email_marketing_id = self.stock
        self._take_senders()
        self._take_texts()
        self._take_files()
        self._take_recipients()
        self._take_schedule()
        self._take_campaign()
        self._take_responsible()
        self._remark_on_differences()
        self._note()
        return self.draft

    def _put(self, label, values, shown=""):
        """Write a part of the mailing; what is refused becomes a remark.

        :param label: what it is, in words
        :param shown: the value in words, for the remark
        :return: whether it was written
        """
        try:
            with self.env.cr.savepoint():
                self.draft.write(values)
        except UserError as error:
            self._refuse(label, shown, error)
            return False
        return True

    def _refuse(self, label, shown, error):
        reason = str(error.args[0] if error.args else error)
        if shown:
            self.remarks.append(
                self.env._(
                    "%(part)s: “%(value)s” was not taken over. %(reason)s",
                    part=label,
                    value=shown,
                    reason=reason,
                )
            )
        else:
            self.remarks.append(
                self.env._("%(part)s: not taken over. %(reason)s", part=label, reason=reason)
            )

    def _label(self, name):
        return self.draft._fields[name]._description_string(self.env)

    def _get_title(self):
        """Return the title: that of the mailing, or its subject where the title was made of it."""
        stock = self.stock
        subject, title = stock.subject or "", stock.name or ""
        if MADE_TITLE.search(title) and title.startswith(subject[:20].rstrip()):
            title = subject
        return self.draft._name_placeholders(title, TEXT) or stock.display_name

    # ------------------------------------------------------------
    # Content
    # ------------------------------------------------------------

    def _take_senders(self):
        stock = self.stock
        server = stock.mail_server_id
        if server and not server.sudo().active:
            self._refuse(
                self._label("mail_server_id"),
                server.sudo().name,
                UserError(self.env._("It is archived.")),
            )
        elif server:
            self._put(self._label("mail_server_id"), {"mail_server_id": server.id}, server.name)
        for name in ("email_from", "reply_to"):
            if stock[name]:
                self._put(self._label(name), {name: stock[name]}, stock[name])

    def _take_texts(self):
        """Take over subject, preview and body in each language that there is.

        Placeholders that all users may use stay. For the others it is tried once whether this user
        may use them; if not, their fallbacks stand in the text, and a remark names them.
        """
        model = self.stock.mailing_model_real
        texts = self._read_texts()
        foreign = ForeignPlaceholders(self.draft, model)
        if foreign.is_about_contacts() and self._write_texts(texts, probe=True):
            return
        for name, by_lang in texts.items():
            translate = foreign.translate_html if "body" in name else foreign.translate_text
            for lang, text in by_lang.items():
                by_lang[lang] = translate(text)
        if foreign.dropped:
            self.remarks.append(
                self.env._(
                    "Placeholders: %s cannot be used here, so the texts have what stood in their place"
                    " for an empty value. Type / in the text for those that there are.",
                    ", ".join(foreign.dropped),
                )
            )
        if foreign.conditions:
            self.remarks.append(
                self.env._(
                    "Conditions: %s cannot be used here. What was for some people is now for all:"
                    " remove it, or choose a condition again.",
                    ", ".join(foreign.conditions),
                )
            )
        self._write_texts(texts)

    def _read_texts(self):
        """Return {our field: {language code, or None for one language: text}}."""
        texts = {}
        for theirs, ours in TEXTS.items():
            field = self.stock._fields[theirs]
            if not self.stock[theirs] or ("body" in ours and self._is_empty(self.stock[theirs])):
                continue
            if field.translate:
                stored = field._get_stored_translations(self.stock.sudo()) or {}
                installed = {code for code, _name in self.env["res.lang"].get_installed()}
                by_lang = {lang: str(text) for lang, text in stored.items() if lang in installed}
                by_lang[None] = str(self.stock[theirs])
            else:
                by_lang = {None: str(self.stock[theirs])}
            texts[ours] = by_lang
        return texts

    @staticmethod
    def _is_empty(body):
        return is_html_empty(body) and "<img" not in body

    def _write_texts(self, texts, probe=False):
        """Write the texts; with ``probe`` all of them or none, and return whether they were."""
        main = {name: by_lang[None] for name, by_lang in texts.items()}
        if "body_arch" in main:
            main["editor"] = "builder"
        if probe:
            try:
                with self.env.cr.savepoint():
                    self._write_all(main, texts)
            except UserError:
                return False
            return True
        body = {name: main[name] for name in ("body_html", "body_arch", "editor") if name in main}
        parts = [{name: value} for name, value in main.items() if name not in body]
        for part in (*parts, *([body] if body else [])):
            name = next(iter(part))
            shown = "" if "body" in name else part[name]
            if self._put(self._label(name), part, shown):
                self._write_languages({one: texts[one] for one in part if one in texts})
        return True

    def _write_all(self, main, texts):
        self.draft.write(main)
        self._write_languages(texts)

    def _write_languages(self, texts):
        """Write the texts of further languages, those of one language at once."""
        langs = dict.fromkeys(lang for by_lang in texts.values() for lang in by_lang if lang)
        for lang in langs:
            own = {
                name: by_lang[lang]
                for name, by_lang in texts.items()
                if by_lang.get(lang, by_lang[None]) != by_lang[None]
            }
            if own and lang != self.draft.main_lang:
                self.draft.with_context(lang=lang).write(own)

    def _take_files(self):
        """Give the mailing copies of the files: theirs may be changed or deleted there."""
        owner = {"res_model": self.draft._name, "res_id": self.draft.id}
        label = self._label("attachment_ids")
        for file in self.stock.attachment_ids:
            try:
                with self.env.cr.savepoint():
                    file.check_access("read")
                    copied = file.sudo().copy({**owner, "name": file.name})
                    self.draft.write({"attachment_ids": [Command.link(copied.id)]})
            except UserError as error:
                self._refuse(label, file.sudo().name, error)

    # ------------------------------------------------------------
    # Recipients
    # ------------------------------------------------------------

    def _take_recipients(self):
        entries, remarks = StockAudience(self.stock).get_entries()
        self.remarks += remarks
        label = self._label("source_ids")
        for values in entries:
            shown = values.get("domain") or self._get_list_name(values)
            try:
                with self.env.cr.savepoint():
                    entry = self.env["partner.mailing.source"].create(
                        {**values, "mailing_id": self.draft.id}
                    )
                    if problem := get_source(entry).get_problem():
                        raise UserError(problem)
            except UserError as error:
                self._refuse(label, shown, error)
        if not self.stock.use_exclusion_list:
            self.remarks.append(
                self.env._(
                    "Blocklist: Email Marketing writes to people on the blocklist, too, because the"
                    " exclusion list is switched off. Mailings with approval never do."
                )
            )

    def _get_list_name(self, values):
        return self.env[LISTS].browse(values["mailing_list_id"]).name

    # ------------------------------------------------------------
    # When, who, for what
    # ------------------------------------------------------------

    def _take_schedule(self):
        moment = self.stock.schedule_date
        if self.stock.schedule_type != "scheduled" or not moment:
            return
        shown = format_datetime(self.env, moment)
        if moment > fields.Datetime.now():
            self._put(self._label("scheduled_at"), {"scheduled_at": moment}, shown)
        elif self.stock.state != "done":
            self.remarks.append(
                self.env._(
                    "%(part)s: %(moment)s has passed. Without another moment, the mailing is sent as"
                    " soon as it is validated.",
                    part=self._label("scheduled_at"),
                    moment=shown,
                )
            )

    def _take_campaign(self):
        for name in CAMPAIGN:
            if value := self.stock[name]:
                self._put(self._label(name), {name: value.id}, value.sudo().display_name)

    def _take_responsible(self):
        user = self.stock.user_id
        if not user or user == self.draft.user_id:
            return
        label, shown = self._label("user_id"), user.sudo().name
        allowed = user.sudo().active and user.has_group(USER_GROUP)
        if not allowed or self.draft.company_id not in user.sudo().company_ids:
            reason = self.env._("This user may not prepare mailings. It is you now.")
            self._refuse(label, shown, UserError(reason))
        else:
            self._put(label, {"user_id": user.id}, shown)

    def _remark_on_differences(self):
        """Say what works in another way than in Email Marketing."""
        stock = self.stock
        if stock.ab_testing_enabled:
            self.remarks.append(
                self.env._(
                    "A/B test: in Email Marketing it goes to %s %% of the people, and each person gets"
                    " one version of the campaign. This mailing goes to all of them.",
                    stock.ab_testing_pc,
                )
            )
        if stock.reply_to_mode == "update" and stock.mailing_model_real != LIST_CONTACTS:
            self.remarks.append(
                self.env._(
                    "Replies: in Email Marketing they go into the chatter of the documents. Replies to"
                    " this mailing go to its Reply-To, or to its From address."
                )
            )
        if not self.draft.track_opens:
            self.hints.append(
                self.env._(
                    "Tracking: Email Marketing tracks openings and clicks. This mailing tracks what you"
                    " switch on in the tab Options."
                )
            )

    # ------------------------------------------------------------
    # Notes
    # ------------------------------------------------------------

    def _note(self):
        """Leave one note in the chatter of both, each with a link to the other."""
        earlier = self._get_earlier()
        ours = Markup("<p>%s</p>") % (
            self.env._(
                "Made of this mailing of Email Marketing: %s. That one stays as it is.",
                self._link(self.stock, self.stock.display_name),
            )
        )
        if earlier:
            links = Markup(", ").join(self._link(one, one.name) for one in earlier)
            ours += Markup("<p>%s</p>") % self.env._("It was taken over before: %s.", links)
        if remarks := [*self.remarks, *self.hints]:
            items = Markup().join(Markup("<li>%s</li>") % remark for remark in remarks)
            ours += Markup("<p>%s</p><ul>%s</ul>") % (
                self.env._("Not the same as there:"),
                items,
            )
        self.draft._message_log(body=ours)
        theirs = self.env._(
            "%s was made of this one. Do not send this one, too.",
            # Not its title: not all readers of this one may see it.
            self._link(self.draft, self.env._("A mailing with approval")),
        )
        # With the right to read alone, too.
        self.stock.sudo()._message_log(body=Markup("<p>%s</p>") % theirs)

    def _get_earlier(self):
        """Return mailings that were made of the same one before, as far as the user may read them."""
        return self.draft.with_context(active_test=False).search(
            [("email_marketing_id", "=", self.stock.id), ("id", "!=", self.draft.id)]
        )

    @staticmethod
    def _link(record, text):
        return Markup('<a href="#" data-oe-model="%s" data-oe-id="%s">%s</a>') % (
            record._name,
            record.id,
            text,
        )
