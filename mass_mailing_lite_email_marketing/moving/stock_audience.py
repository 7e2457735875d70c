from ast import literal_eval

from odoo.fields import Domain

LISTS = "mailing.list"
LIST_CONTACTS = "mailing.contact"
CONTACTS = "res.partner"


class StockAudience:
    """Whom a mailing of Email Marketing goes to, as entries of *Write to*.

    :param stock: a ``mailing.mailing`` record
    """

    def __init__(self, stock):
        self.stock = stock
        self.env = stock.env

    def get_entries(self):
        """Return (values of entries of ``partner.mailing.source``, sentences on what has no entry)."""
        model = self.stock.mailing_model_id.sudo().model
        if model == CONTACTS:
            return self._get_filter()
        if model in (LISTS, LIST_CONTACTS):
            return self._get_lists(model)
        return [], [
            self.env._(
                "Recipients: the mailing goes to records of the kind “%(kind)s” (filter: %(filter)s),"
                " and mailings with approval go to contacts. Choose in Write to who is to get it: a"
                " filter, a tag or an audience of contacts, or a file of addresses.",
                kind=self.stock.mailing_model_id.sudo().name,
                filter=self.stock.mailing_domain or "[]",
            )
        ]

    def _get_filter(self):
        text = self.stock.mailing_domain or "[]"
        try:
            Domain(literal_eval(text))
        except (ValueError, SyntaxError, TypeError):
            return [], [
                self.env._(
                    "Recipients: the filter %s cannot be read, so Email Marketing writes to nobody by"
                    " it. Set a filter in Write to.",
                    text,
                )
            ]
        return [{"side": "in", "kind": "domain", "domain": text}], []

    def _get_lists(self, model):
        chosen = self.stock.contact_list_ids if model == LISTS else self.env[LISTS]
        filtered = self._read_lists()
        lists = chosen if filtered is None else self.env[LISTS].browse(filtered).exists()
        if filtered is None or (model == LISTS and lists != chosen):
            # With fewer conditions it would go to more people than the author meant.
            names = ", ".join(chosen.sudo().mapped("name"))
            return [], [
                self.env._(
                    "Recipients: the mailing goes to those contacts of mailing lists (%(lists)s) that"
                    " match the filter %(filter)s, which has no counterpart here. Choose the lists in"
                    " Write to, which writes to all of their contacts, or choose others.",
                    lists=names or self.env._("any"),
                    filter=self.stock.mailing_domain or "[]",
                )
            ]
        if not lists:
            return [], [
                self.env._("Recipients: no mailing list was chosen. Choose one in Write to.")
            ]
        return [
            {"side": "in", "kind": "mailing_list", "mailing_list_id": one.id} for one in lists
        ], []

    def _read_lists(self):
        """Return the ids of the lists that the filter stands for; None where it says more."""
        try:
            domain = Domain(literal_eval(self.stock.mailing_domain or "[]"))
        except (ValueError, SyntaxError, TypeError):
            return None
        conditions = list(domain.iter_conditions())
        if domain.is_true() or len(conditions) != 1 or len(list(domain)) != 1:
            return None
        [condition] = conditions
        values = condition.value
        if condition.field_expr != "list_ids" or condition.operator not in ("in", "="):
            return None
        values = [values] if isinstance(values, (int, str)) else list(values)
        return values if all(type(one) is int for one in values) else None
