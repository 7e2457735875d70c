from dataclasses import dataclass
from types import FunctionType

from odoo import models
from odoo.tools import safe_eval


@dataclass(frozen=True, eq=False)
class CompiledTemplate:
    """A template without a view, as ``ir.qweb`` has compiled it: functions, and which to call.

    Compared by identity, since ``ir.qweb`` looks it up in a dict among ids of views.
    """

    functions: dict
    main: str
    options: dict

    def get_static(self):
        """Return the string constants of the functions; all other pieces of a run are values."""
        return {
            constant
            for function in self.functions.values()
            if isinstance(function, FunctionType)
            for constant in function.__code__.co_consts
            if isinstance(constant, str)
        }


class IrQweb(models.AbstractModel):
    _inherit = "ir.qweb"

    def _prepare_compiled(self, tree, values):
        """Compile a template without a view, to be run many times.

        :param tree: the template as an lxml element
        :param dict values: values that all runs have in common; those of Odoo are added
        :return: (this model with the context of the runs, ``CompiledTemplate``)
        """
        prepared = self._prepare_environment(values)
        safe_eval.check_values(values)
        functions, main, options = prepared._compile(tree)
        prepared = prepared.with_context(
            __qweb_loaded_functions=dict(functions),
            __qweb_loaded_codes={},
            __qweb_loaded_options={},
            _qweb_error_path_xml=[None, None, None],
        )
        return prepared, CompiledTemplate(functions, main, options)

    def _render_compiled(self, template, values):
        """Return the pieces (list of str) of one run of a ``CompiledTemplate``.

        :param dict values: all values of the run; changed by it
        """
        values["__qweb_root_values"] = root_values = values.copy()
        root_values["__qweb_root_values"] = root_values
        return list(self._render_iterall(template, None, values))

    def _compile(self, template):
        """Return a ``CompiledTemplate`` as it is; compile any other template.

        Odoo compiles a template without a view again for each run, which takes 20 times as long as
        the run.
        """
        if isinstance(template, CompiledTemplate):
            return template.functions, template.main, template.options
        return super()._compile(template)
