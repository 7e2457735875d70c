"""The design of a mailing or a template: the blocks that its body is made of.

What is sent, reviewed and measured is the body. The design is what the builder opens again. Both are
written together by the builder. A body that is written without a design has none any more: a design
that says something else would replace the body as soon as somebody opened it in the builder.
"""

from contextlib import contextmanager

from markupsafe import Markup

from odoo import models
from odoo.addons.mass_mailing_lite.content import check_nesting
from odoo.exceptions import ValidationError
from odoo.tools.mail import is_html_empty

from ..tools.stock_links import lead_here
from .conditions import Conditions, has_conditions

# In the context, compared by identity, while body and design are written one after the other.
KEEP, KEEP_KEY = object(), "partner_mailing_keeps_design"
BODY = "body_html"
MAX_SIZE = 5 * 1024 * 1024  # characters of a design; the largest theme has 60,000

# A text in the frame that Odoo's builder puts around blocks, as its theme "Start From Scratch".
FRAME = Markup(
    '<div data-name="Mailing" class="o_layout oe_unremovable oe_unmovable o_empty_theme">'
    '<div class="container o_mail_wrapper o_mail_regular oe_unremovable"><div class="row mw-100 mx-0">'
    '<div class="col o_mail_no_options o_mail_wrapper_td bg-white oe_structure">'
    '<section class="s_text_block o_mail_snippet_general pt24 pb24" data-snippet="s_text_block"'
    ' data-vxml="001" data-name="Text"><div class="container s_allow_columns">%s</div></section>'
    "</div></div></div></div>"
)


def make_design(body):
    """Return a design of one block with the text of a body, so that nothing of it is lost."""
    body = Markup(body or "")
    return body if "o_layout" in body else FRAME % body


class Designs:
    """Designs of records: ``partner.mailing`` or ``mail.template``.

    :param records: a recordset
    :param arch: name of the field with the design
    """

    def __init__(self, records, arch):
        self.records = records
        self.env = records.env
        self.arch = arch

    # ------------------------------------------------------------
    # Values that are written
    # ------------------------------------------------------------

    def tidy(self, vals):
        """Return values with bodies and designs as they are stored.

        :raises ValidationError: for a design that is too large, or a condition that cannot be used
        """
        changed = {
            name: self.tidy_text(name, vals[name])
            for name in (BODY, self.arch)
            if name in vals and isinstance(vals[name], str)
        }
        return {**vals, **changed} if changed else vals

    def tidy_text(self, name, text):
        """Return one body or design as it is stored; anything else than a text as it is."""
        if name not in (BODY, self.arch) or not isinstance(text, str) or not text:
            return text
        source = str(text)
        if name == self.arch:
            self._check_size(source)
        source = lead_here(source, self.records[:1].get_base_url())
        if has_conditions(source):
            # What is nested too deep would be cut off where it is parsed.
            check_nesting(self.records, name, source)
            source = Conditions(self.env).complete(source, is_design=name == self.arch)
        return source

    def _check_size(self, source):
        # Pictures that were pasted become files before the design is stored.
        size = len(source) if "data:image/" not in source else len(without_pictures(source))
        if size > MAX_SIZE:
            raise ValidationError(
                self.env._(
                    'The field "%(field)s" has %(size).1f MB; at most %(most).1f MB are possible. Remove'
                    " blocks, or upload pictures instead of pasting them.",
                    field=self.records._fields[self.arch]._description_string(self.env),
                    size=size / 2**20,
                    most=MAX_SIZE / 2**20,
                )
            )

    # ------------------------------------------------------------
    # Bodies that are written without a design
    # ------------------------------------------------------------

    def keep(self):
        """Return the records with the right to write body and design one after the other."""
        return self.records.with_context(**{KEEP_KEY: KEEP})

    @contextmanager
    def drop_outdated(self, names):
        """While fields are written: drop the designs of bodies that are written without one.

        Yield a dict that is then {record: {language code: ...}} of what was dropped.

        :param names: fields that are written
        """
        dropped = {}
        if (
            BODY not in names
            or self.arch in names
            or self.env.context.get(KEEP_KEY) is KEEP
            or not (before := self._read_bodies())
        ):
            yield dropped
            return
        yield dropped
        for record, (bodies, _designs) in before.items():
            now, designs = self._read(record)
            langs = [
                lang
                for lang, body in now.items()
                if body != bodies.get(lang, bodies.get("en_US")) and get_text(designs, lang)
            ]
            if langs:
                self.empty(record, langs)
                dropped[record] = langs

    def empty(self, record, langs):
        """Empty the design in some languages."""
        models.BaseModel._update_field_translations(
            record.sudo(), self.arch, dict.fromkeys(langs, "")
        )
        record.invalidate_recordset([self.arch], flush=False)

    def empty_all(self):
        """Empty the designs in all languages."""
        for record in self.records:
            designs = self._read(record)[1]
            if langs := [lang for lang, design in designs.items() if design]:
                self.empty(record, langs)

    def _read_bodies(self):
        """Return {record: (bodies, designs)} of the records with a design in some language."""
        stored = {record: self._read(record) for record in self.records if record.id}
        return {record: texts for record, texts in stored.items() if any(texts[1].values())}

    def _read(self, record):
        """Return the stored bodies and designs: {language code: text} each."""
        record = record.sudo()
        return tuple(
            record._fields[name]._get_stored_translations(record) or {}
            for name in (BODY, self.arch)
        )

    def fill(self):
        """Give records without a design one of their body.

        In each language; where another language has a design, in the current one alone: a version may
        be written as text.
        """
        current = self.env.lang or "en_US"
        for record in self.records:
            bodies, designs = self._read(record)
            langs = {current} if any(designs.values()) else {current, *bodies}
            made = {
                lang: str(make_design(body))
                for lang in langs
                if not get_text(designs, lang) and not is_html_empty(body := get_text(bodies, lang))
            }
            if made:
                record._update_field_translations(self.arch, made)


def get_text(texts, lang):
    """Return the text that Odoo shows in a language."""
    return texts.get(lang, texts.get("en_US")) or ""


def without_pictures(source):
    """Return HTML without pictures that stand in it themselves: between quotation marks."""
    pieces = source.split("data:image/")
    return pieces[0] + "".join(
        piece[min(filter(lambda end: end >= 0, map(piece.find, "\"')")), default=0) :]
        for piece in pieces[1:]
    )
