"""Which From addresses a user may write the mailings of a company from, and which are proposed."""

from ..delivery.address import fold, same
from ..tools import address_field, allowed_addresses

MAX_SHOWN = 10  # allowed entries that an error names
MAX_SUGGESTIONS = 20
# Around and between addresses in a name.
MARKS = str.maketrans(dict.fromkeys("<>()[]{}\"'`,;:/|“”„«»", " "))


class AllowedSenders:
    """The From addresses of one user for one company.

    They are those of the company's list, those of the records of ``partner.mailing.sender`` that
    are for the user, and the company's default.

    :ivar entries: addresses and domains as typed, the default first; None where the company has
        neither a list nor a record, and each address is allowed
    """

    def __init__(self, company, user):
        self.env = user.env
        self.company, self.user = company.sudo(), user.sudo()
        self.default = self.company.partner_mailing_default_from or ""
        senders = self.env["partner.mailing.sender"].sudo()
        senders = senders.search([("company_id", "=", company.id)])
        for_all = allowed_addresses.split(self.company.partner_mailing_allowed_senders)
        self.entries = None
        if senders or for_all:
            own = senders.filtered(lambda sender: sender._is_for(self.user)).mapped("address")
            default = [self.default] if self.default else []
            entries = {}
            for entry in (*default, *for_all, *own):
                entries.setdefault("".join(allowed_addresses.read_entry(entry)), entry)
            self.entries = list(entries.values())
        self._allowed = allowed_addresses.read_all(self.entries or ())

    def allows(self, address):
        """Tell whether a canonical address is allowed."""
        return self.entries is None or self._allowed.allows(address)

    def get_problem(self, value):
        """Return why a From address is not allowed, in words, or False.

        An address in the name counts as well: many mail programs show the name alone.

        :param value: as typed, of any form
        """
        forbidden = value and self._find_forbidden(value)
        if not forbidden:
            return False
        names = self.entries[:MAX_SHOWN] or [self.env._("no address")]
        if len(self.entries) > MAX_SHOWN:
            names.append("…")
        return self.env._(
            'The field "%(field)s" cannot be %(value)s: %(user)s may not write mailings of the company'
            ' "%(company)s" from %(address)s. Allowed: %(allowed)s. Choose one of these, or ask an'
            " administrator of mailings, who can allow others under Configuration, Allowed Senders.",
            field=self.env["partner.mailing"]._fields["email_from"]._description_string(self.env),
            value=address_field.shorten(value, 200),
            user=self.user.name,
            company=self.company.name,
            address=address_field.shorten(forbidden[0], 200),
            allowed=", ".join(names),
        )

    def _find_forbidden(self, value):
        """Return the addresses in a From address that are not allowed."""
        if self.entries is None:
            return []
        try:
            box = address_field.read_one(value)
        except address_field.Unreadable:
            return [value]
        shown = [box.normalized, *find_addresses(box.name)] if box else []
        if "{{" in value:  # what a placeholder would say is not known
            shown.append(value)
        return [address for address in shown if not self.allows(address)]

    def get_default(self):
        """Return the From address of the user's new mailings; False for none.

        It is the company's default; without one the user's own address, or else the first that the
        user may write from.
        """
        own = self._get_own()
        if self.default or (own and not self.get_problem(own)):
            return self.default or own
        return next(iter(self.get_suggestions()), False)

    def _get_own(self):
        return self.env["partner.mailing"].with_user(self.user)._get_own_mailbox()

    def get_suggestions(self):
        """Return From addresses that the user may choose from, the default first."""
        known = [self.default, *(self.entries or ()), self._get_own() or ""]
        known += [entry for entry, _source in find_known(self.company)]
        found = {}
        for text in known:
            try:
                box = address_field.read_one(text)
            except address_field.Unreadable:  # a domain
                continue
            if box and self.allows(box.normalized):
                found.setdefault(box.normalized, box.proper)
        return list(found.values())[:MAX_SUGGESTIONS]


def get_proposals(company):
    """Return what an administrator may want to allow: ``[{"entry", "source"}]``.

    It is what Odoo sends for, without what is allowed to all users already.
    """
    typed = allowed_addresses.read(company.sudo().partner_mailing_allowed_senders)
    return [
        {"entry": entry, "source": source}
        for entry, source in find_known(company)
        if not {*allowed_addresses.read_entry(entry)} & {*typed.addresses, *typed.domains}
    ]


def find_known(company):
    """Return ``[(address or domain, where it is from)]`` that Odoo sends for.

    They are the e-mail domain of a company, and what mail servers are meant for.
    """
    env, alias_domain = company.env, company.sudo().alias_domain_id
    source = env._("e-mail domain of the company")
    known = [(alias_domain.name, source), (alias_domain.default_from_email, source)]
    servers = env["ir.mail_server"].sudo()
    for server in servers.search(
        [("from_filter", "!=", False), ("owner_user_id", "=", False)], limit=MAX_SUGGESTIONS
    ):
        source = env._("mail server %s", server.name)
        known += [(part.strip(), source) for part in server.from_filter.split(",")]
    found = {}
    for entry, source in known:
        key = "".join(allowed_addresses.read_entry(entry or ""))
        if key:
            found.setdefault(key, (entry, source))
    return list(found.values())


def find_addresses(name):
    """Return the addresses in a name, in canonical form."""
    words = (word.strip(".") for word in fold(name or "").translate(MARKS).split())
    return [same(word) for word in words if allowed_addresses.read_entry(word)[0]]
