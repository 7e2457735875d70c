import difflib
import re

from odoo import fields
from odoo.tools.mail import html2plaintext
from odoo.tools.misc import formatLang

from ..content import Card
from ..tools.placeholder_kind import to_inline
from ..transport.file_links import get_links

MAX_DIFF_LINES = 40  # of the body
START_TAG = re.compile(r"<[A-Za-z][^<>]*>")
CONDITION = re.compile(r"\st-(if|elif|foreach)=\"([^\"]*)\"")


def get_content(mailing):
    """Return the content to compare a later request with: {field name: text}.

    Texts in the language of the environment, and ``name@language`` for each other language.

    :param mailing: a ``partner.mailing`` record
    """
    mailing.ensure_one()
    mailing = mailing.sudo()
    names = mailing._get_compared_fields()
    values = {name: _get_text(mailing, name) for name in names}
    values.update(_get_translations(mailing, names))
    return {name: value or "" for name, value in values.items()}


class Comparison:
    """What changed from the last request that was decided on to this one.

    :param mailing: a ``partner.mailing`` record; its environment decides the language
    :param request: the request that is decided on
    """

    def __init__(self, mailing, request):
        self.mailing = mailing
        self.env = mailing.env
        self.request = request
        #: The last request before that was decided on, empty when there was none.
        self.before = mailing.sudo().approval_ids.filtered(
            lambda other: other.id < request.id and other.state in ("refused", "void", "validated")
        )[:1]

    def get_changes(self):
        """Return the differences from the request before: ``[(label, old, new, body lines)]``.

        None when there was no request before.
        """
        before, request = self.before, self.request
        if not before:
            return None
        old, new = before.content or {}, request.content or {}
        changes = [
            (
                self._get_label(name),
                self._show(name, old.get(name, "")),
                self._show(name, text := new.get(name, "")),
                diff_lines(old.get(name, ""), text) if name.startswith("body_html") else [],
            )
            # A field that a request of an earlier version did not store is no change.
            for name in {**new, **old}
            if (name in old or "@" in name) and old.get(name, "") != new.get(name, "")
        ]
        pictures = [(one.summary or {}).get("pictures") for one in (before, request)]
        if None not in pictures and pictures[0] != pictures[1]:
            label = self.env._("Pictures and files in the body")
            counts = [formatLang(self.env, len(one), digits=0) for one in pictures]
            changes.append((label, counts[0], self.env._("%s, not the same", counts[1]), []))
        return changes + self._get_list_changes()

    def get_shown_changes(self):
        """Return the same as HTML, with chips in place of placeholders."""
        changes, show = self.get_changes(), Card(self.mailing).show_placeholders
        return changes and [
            (label, show(old), show(new), [(sign, show(line)) for sign, line in lines])
            for label, old, new, lines in changes
        ]

    def _get_list_changes(self):
        """Return what ``get_changes`` says about the list of recipients."""
        before, request = self.before, self.request
        label = self.mailing._fields["recipient_count"]._description_string(self.env)
        counts = [formatLang(self.env, one.recipient_count, digits=0) for one in (before, request)]
        if before.recipient_count != request.recipient_count:
            return [(label, *counts, [])]
        sums = [(one.summary or {}).get("addresses") for one in (before, request)]
        if all(sums) and sums[0] != sums[1]:
            return [(label, counts[0], self.env._("%s, not the same", counts[1]), [])]
        return []

    def _show(self, name, text):
        """Return a compared text as the review shows it: a time in the reader's time zone."""
        if self.mailing._fields[name.partition("@")[0]].type != "datetime":
            return text
        if not text:
            return self.env._("as soon as it is validated")
        return self.mailing._name_moment(fields.Datetime.to_datetime(text))

    def _get_label(self, name):
        """Return the label of a field, with the language if it is a translation."""
        name, _at, lang = name.partition("@")
        label = self.mailing._fields[name]._description_string(self.env)
        return f"{label} ({self.mailing._get_language_name(lang)})" if lang else label


def _get_text(mailing, name):
    """Return the value of a field as readable text."""
    env, field, value = mailing.env, mailing._fields[name], mailing[name]
    if name == "attachment_ids":
        as_link = env._("(as a link)")
        return ", ".join(
            f"{file.name} ({file.checksum[:8] if file.checksum else 0})"
            + (f" {as_link}" if file.partner_mailing_as_link else "")
            for file in value
        )
    if name == "layout_id" and value:
        # It may have another content under the same name.
        return f"{value.name} ({value._get_checksum(mailing.company_id)})"
    if name == "link_days":
        return str(value) if get_links(mailing) else ""
    if field.relational:
        return ", ".join(value.mapped("name"))
    if field.type == "html":
        return read_body(value)
    if field.type == "datetime":
        return fields.Datetime.to_string(value)
    if field.type == "selection":
        return dict(field._description_selection(env))[value]
    if field.type == "boolean":
        return env._("Yes") if value else env._("No")
    return value


def _get_translations(mailing, names):
    """Return {name@language: text} of fields in other languages than the environment's."""
    env = mailing.env
    return {
        f"{name}@{lang}": read_body(text) if name == "body_html" else text
        for name, texts in mailing._get_translations().items()
        for lang, text in texts.items()
        if name in names and lang != env.lang and env["res.lang"]._get_data(code=lang)
    }


def read_body(source):
    """Return a body as text, with inline placeholders: a change of one is a change to compare.

    So is that of a condition, on which a part of the body is shown.
    """
    return html2plaintext(START_TAG.sub(name_condition, to_inline(str(source or ""), bool).source))


def name_condition(tag):
    """Return a start tag, with the condition of its element as text behind it."""
    found = CONDITION.search(tag[0])
    return f"{tag[0]}[{found[1]}: {found[2]}] " if found else tag[0]


def diff_lines(old, new):
    """Return the lines that differ between two texts: ``[("-" or "+", line)]``."""
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    changed = [(line[0], line[2:]) for line in lines if line[0] in "+-" and line[2:].strip()]
    return changed[:MAX_DIFF_LINES]
