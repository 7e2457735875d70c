from odoo import fields
from odoo.addons.mass_mailing_lite.odoo_seams.chatter import log_notes
from odoo.tools import SQL

from .list_terms import ListAddress, lists_sql

# Of lists whose names recipients do not see, one choice of the page stands for all.
UNNAMED = "lists"
# Our reasons, and those of Odoo's that mean the same.
REASONS = {
    "never_asked": "mass_mailing.mailing_subscription_optout_data_0",
    "too_often": "mass_mailing.mailing_subscription_optout_data_2",
    "not_relevant": "mass_mailing.mailing_subscription_optout_data_3",
    "other": "mass_mailing.mailing_subscription_optout_data_4",
}


class ListMembership:
    """Of the lists that a mailing goes to: in which ones the address of a recipient is.

    :param unsubscriptions: the model ``partner.mailing.unsubscription``, as superuser
    :param subscription: the ``Subscription`` of the recipient
    """

    def __init__(self, unsubscriptions, subscription):
        self.unsubscriptions = unsubscriptions
        self.env = unsubscriptions.env
        self.subscription = subscription

    def find(self):
        """Return the subscriptions of the address: [(id, list, opted out, name, is public)].

        Plan: the lists of the mailing by index, the address in the index of list contacts, and for
        each contact its subscriptions; 0.2 ms.
        """
        transport = self.unsubscriptions._get_transport_class(self.subscription)
        address = ListAddress(self.env, transport)
        if not address.is_of_channel:
            return []
        self.env["mailing.subscription"].flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT s.id, s.list_id, COALESCE(s.opt_out, FALSE), l.name,
                       COALESCE(l.is_public, FALSE)
                  FROM mailing_contact c
                  JOIN mailing_subscription s ON s.contact_id = c.id
                  JOIN mailing_list l ON l.id = s.list_id
                 WHERE %(address)s = %(own)s AND s.list_id IN %(lists)s
              ORDER BY l.name, s.id
                """,
                address=address.sql("c"),
                own=self.subscription.address,
                lists=lists_sql(
                    SQL("'{}'::integer[]"), SQL("ARRAY[%s]", self.subscription.mailing_id)
                ),
            )
        )

    def add_to_subscription(self):
        """Return the ``Subscription`` with the lists that the recipient can leave, and has left."""
        rows = self.find()
        if not rows:
            return self.subscription
        is_in = any(not opted_out for _number, _list, opted_out, _name, _is_public in rows)
        return self.subscription._replace(
            others=get_choices(
                (list_, name, is_public) for _n, list_, out, name, is_public in rows if not out
            ),
            left_others=self._get_left_names(),
            # Who has opted out before has not left all mailings by that, and does not now.
            left_groups=self.subscription.left_groups or not is_in,
        )

    def _get_left_names(self):
        """Return the names of the lists that links of the message have left, None for unnamed."""
        if not self.subscription.unsubscribed:
            return ()
        lists = self.unsubscriptions._get_acts(self.subscription).mailing_list_ids
        return tuple(name for _key, name in get_choices((o.id, o.name, o.is_public) for o in lists))

    # ------------------------------------------------------------
    # What a link can do
    # ------------------------------------------------------------

    def leave(self, keys):
        """Opt out of the lists behind these keys, and note in the decision which ones they were."""
        rows = [
            (number, list_)
            for number, list_, opted_out, _name, is_public in self.find()
            if not opted_out and get_key(list_, is_public) in keys
        ]
        subscriptions = self.env["mailing.subscription"].browse(number for number, _list in rows)
        subscriptions.write({"opt_out": True})
        self.unsubscriptions._get_acts(self.subscription)[:1].write(
            {
                "mailing_list_ids": [fields.Command.set([list_ for _number, list_ in rows])],
                "opted_out_ids": subscriptions.ids,
            }
        )
        self._log(subscriptions)

    def join_again(self, ids):
        """Undo opt-outs, as far as they are still there.

        :param ids: of the subscriptions
        """
        subscriptions = self.env["mailing.subscription"].browse(ids).exists()
        subscriptions = subscriptions.filtered("opt_out")
        subscriptions.write({"opt_out": False, "opt_out_reason_id": False})
        self._log(subscriptions, undone=True)

    def store_reason(self, acts, reason):
        """Store a reason for the opt-outs of the acts, and for the entry of the blocklist."""
        theirs = self.env.ref(REASONS.get(reason, ""), raise_if_not_found=False)
        if not theirs:
            return
        ids = [number for act in acts for number in act.opted_out_ids or ()]
        subscriptions = self.env["mailing.subscription"].browse(ids).exists()
        subscriptions.filtered("opt_out").opt_out_reason_id = theirs
        if any(act.is_everything and act.email_normalized for act in acts):
            entries = self.env["mail.blacklist"]._partner_mailing_find(self.subscription.address)
            entries.filtered("active").opt_out_reason_id = theirs

    def _log(self, subscriptions, undone=False):
        """Write in the chatter of each list contact which lists were left, or joined again."""
        staff = self.unsubscriptions._in_language_of_staff(self.subscription)
        name = staff._get_mailing_name(self.subscription)
        bodies = {}
        for contact, own in subscriptions.grouped("contact_id").items():
            lists = ", ".join(own.list_id.mapped("name"))
            bodies[contact.id] = (
                staff.env._(
                    'Opted in again to %(lists)s, by the link in the mailing "%(mailing)s".',
                    lists=lists,
                    mailing=name,
                )
                if undone
                else staff.env._(
                    'Opted out of %(lists)s, by the link in the mailing "%(mailing)s".',
                    lists=lists,
                    mailing=name,
                )
            )
        log_notes(
            staff.env["mailing.contact"].browse(bodies),
            bodies,
            self.unsubscriptions._get_author_id(),
            self.subscription.author_address,
        )


def get_key(list_id, is_public):
    """Return the key of a list in ``Subscription.others``."""
    return f"list-{list_id}" if is_public else UNNAMED


def get_choices(lists):
    """Return ``Subscription.others`` for lists: (id, name, is public)."""
    named = {get_key(one, is_public): is_public and name for one, name, is_public in lists}
    return tuple((key, name or None) for key, name in named.items())
