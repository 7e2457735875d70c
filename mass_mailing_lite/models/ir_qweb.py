from dataclasses import dataclass

from odoo import models


@dataclass(frozen=True, eq=False)
class CompiledTemplate:
    """What ``ir.qweb`` made of a template that has no view: its functions, and which one to call.

    Compared by identity, for ``ir.qweb`` looks it up among the views' ids.
    """

    functions: dict
    main: str
    options: dict


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _compile(self, template):
        """Take a template that is compiled already as it is.

        Odoo compiles a template without a view for each rendering anew, which
        takes 20 times as long as the rendering.
        """
        if isinstance(template, CompiledTemplate):
            return template.functions, template.main, template.options
        return super()._compile(template)
