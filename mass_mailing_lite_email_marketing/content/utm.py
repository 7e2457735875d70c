"""Campaign, medium and source of a mailing: what its links say of where a visitor comes from."""

from contextlib import contextmanager

from odoo import Command, fields

from ..odoo_seams import utm

#: Fields of the mailing that links tell.
UTM_FIELDS = frozenset({"campaign_id", "medium_id", "source_id"})
# What the name of the source depends on.
NAME_FIELDS = frozenset({"name", "view_group_ids", "manage_group_ids"})


class Utm:
    """The campaign of mailings.

    :param mailings: ``partner.mailing`` records
    """

    def __init__(self, mailings):
        self.mailings = mailings
        self.env = mailings.env

    # ------------------------------------------------------------
    # Parameters of links
    # ------------------------------------------------------------

    def get_parameters(self):
        """Return what the links of one mailing get: ``[(name, value)]``, empty for nothing.

        Of a draft they follow its fields. What was submitted keeps those of the submission: a
        campaign that is renamed later changes no message, and what was submitted before there were
        parameters has none.
        """
        mailing = self.mailings.sudo()
        if mailing.state != "draft":
            return [tuple(pair) for pair in mailing.link_parameters or ()]
        if not mailing.company_id.partner_mailing_utm:
            return []
        values = {
            parameter: mailing[name].name if mailing[name] else self._get_missing(name)
            for parameter, name, _cookie in self.env["utm.mixin"].tracking_fields()
            if name in UTM_FIELDS
        }
        return [(name, value.strip()) for name, value in values.items() if value and value.strip()]

    def _get_missing(self, name):
        """Return the value of an empty field, as the submission will fill it."""
        return name == "source_id" and self.mailings.name and self._get_source_name(self.mailings)

    def get_medium(self):
        """Return the medium of a mailing: that of its channel, unless the author chose another."""
        mailing = self.mailings
        env = self.env(context={**self.env.context, "lang": "en_US"})
        labels = dict(mailing._fields["channel"]._description_selection(env))
        channel = mailing.channel or "email"
        # While addons are loaded, that of the channel may not be there yet.
        own = utm.find_medium(self.env, channel, labels.pop(channel, channel.upper()))
        chosen = mailing.medium_id
        if not chosen or chosen == own:
            return own
        of_channels = (utm.find_medium(self.env, *other) for other in labels.items())
        return own if chosen in of_channels else chosen

    def freeze(self):
        """Keep the parameters of a mailing that is submitted; make the source that it lacks."""
        mailing, values = self.mailings.sudo(), {}
        if not mailing.source_id and mailing.company_id.partner_mailing_utm:
            [source] = utm.create_sources(self.env, [self._get_source_name(mailing)])
            mailing._as_system().source_id = source.id
        kept = [list(pair) for pair in self.get_parameters()] or False
        if kept != (mailing.link_parameters or False):
            values["link_parameters"] = kept
            mailing._as_system().write(values)

    # ------------------------------------------------------------
    # The source of a mailing
    # ------------------------------------------------------------

    def with_sources(self, vals_list):
        """Return values of new mailings, each with a source that is named after its title."""
        # Of no record: a copy is made by the method of its original, which others may own.
        self.mailings.browse().check_access("create")
        missing = [vals for vals in vals_list if not vals.get("source_id") and vals.get("name")]
        companies = self.env["res.company"]
        names = [
            self._name_source(
                self.mailings.browse(),
                vals["name"],
                any(has_records(vals.get(name)) for name in ("view_group_ids", "manage_group_ids")),
                companies.browse(vals.get("company_id")) or self.env.company,
            )
            for vals in missing
        ]
        sources = iter(utm.create_sources(self.env, names) if names else ())
        return [
            {**vals, "source_id": next(sources).id}
            if not vals.get("source_id") and vals.get("name")
            else vals
            for vals in vals_list
        ]

    @contextmanager
    def follow_title(self, names):
        """While fields are written, let the source of each draft follow the title.

        A source that the author chose or named stays, as does one that other records use, and that
        of a mailing that was sent in part.

        :param names: of the fields that are written
        """
        if NAME_FIELDS.isdisjoint(names):
            yield
            return
        following = [one for one in self.mailings.sudo() if self._follows(one)]
        yield
        for mailing in following:
            name = self._get_source_name(mailing)
            if mailing.name and not utm.is_named(mailing.source_id, name):
                utm.rename(mailing.source_id, name)

    def _follows(self, mailing):
        source = mailing.source_id
        if not source or mailing.state != "draft" or mailing.started_at:
            return False
        if not utm.is_named(source, self._get_source_name(mailing)):
            return False
        return not any(
            self.env[model]
            .sudo()
            .with_context(active_test=False)
            .search_count([("source_id", "=", source.id), ("id", "not in", own)], limit=1)
            for model, own in (("partner.mailing", mailing.ids), ("mailing.mailing", []))
        )

    def _get_source_name(self, mailing):
        mailing = mailing.sudo()
        is_hidden = bool(mailing.view_group_ids or mailing.manage_group_ids)
        return self._name_source(mailing._origin, mailing.name, is_hidden, mailing.company_id)

    def _name_source(self, mailing, title, is_hidden, company):
        """Return the name of a source, without the number that makes it unique.

        All users read sources, so that of a mailing which only some may see does not say its title.
        The language is that of the company, so that the name does not depend on who writes.
        """
        lang = company.sudo().partner_id.lang or "en_US"
        if not is_hidden:
            return utm.name_source(mailing, title, lang)
        date = fields.Date.to_string(mailing.create_date or fields.Datetime.now())
        return mailing.with_context(lang=lang).env._("Mailing created on %s", date)


def has_records(commands):
    """Tell whether commands for an x2many field of a new record give it records."""
    return any(
        not isinstance(one, list | tuple)  # the records themselves, or their numbers
        or one[0] in (Command.CREATE, Command.LINK)
        or (one[0] == Command.SET and one[2])
        for one in commands or ()
    )


def describe_use(records, mailings):
    """Return why records of UTM cannot be deleted, naming the mailings that the user may read."""
    shown = mailings[:5].mapped("display_name")
    names = ", ".join(f'"{name}"' for name in shown)
    if len(mailings) > len(shown):
        names = records.env._(
            "%(names)s and %(count)s more", names=names, count=len(mailings) - len(shown)
        )
    return records.env._(
        'You cannot delete "%(records)s": links of these mailings name it: %(names)s. Choose another'
        " one in the mailings that are drafts; archive or keep it for the others.",
        records=", ".join(records.mapped("display_name")),
        names=names,
    )
