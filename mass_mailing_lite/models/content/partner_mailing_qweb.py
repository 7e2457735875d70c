from lxml import html

from odoo import models
from odoo.tools.rendering_tools import parse_inline_template, render_inline_template

from ...delivery.message import Value
from ...delivery.plain_text import html_to_text
from ...delivery.repeated_text import RepeatedText

WRAPPER = "div"


class PartnerMailing(models.Model):
    """Content with logic (template editors only): compiled once a language, run for each recipient.

    The results are those of ``mail.render.mixin``, which parses and compiles
    the template again for each record.
    """

    _inherit = "partner.mailing"

    def _make_renderer(self, name):
        """Return a function that renders a field for one contact.

        :param str name: a field of the mailing, whose template is read in the
            language of the environment
        :return: callable, ``res.partner`` record -> text or ``Value``
        """
        if self._fields[name].render_engine == "qweb":
            return self._make_qweb_renderer(str(self[name] or ""))
        return self._make_inline_renderer(str(self[name] or ""))

    def _make_inline_renderer(self, source):
        instructions = parse_inline_template(source)
        variables = self._render_eval_context()

        def render(contact):
            variables["object"] = contact
            return str(render_inline_template(instructions, variables))

        return render

    def _make_qweb_renderer(self, source):
        source = str(self._replace_local_links(source))
        tree = html.fragment_fromstring(source, create_parent=WRAPPER)
        values = self._render_eval_context()
        qweb, template = self.env["ir.qweb"]._prepare_compiled(tree, values)
        base_url = self.get_base_url()
        repeated = RepeatedText(template.get_static())

        def render(contact):
            pieces = qweb._render_compiled(template, {**values, "object": contact})
            pieces[0] = pieces[0].removeprefix(f"<{WRAPPER}>")
            pieces[-1] = pieces[-1].removesuffix(f"</{WRAPPER}>")
            if any('="/' in piece or "url(" in piece for piece in pieces):
                complete = self._replace_local_links("".join(pieces), base_url)
                return Value(html_to_text(complete), complete)
            return Value(repeated.convert(pieces), pieces)

        return render
