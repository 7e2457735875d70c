"""The interface of a transport; see the package."""

from odoo.tools import SQL


class Transport:
    """What one mailing is sent by: what it must have, whom it reaches, how, and in which words.

    A subclass for each way out gives the class attributes and overrides what raises
    ``NotImplementedError``; the rest has defaults.

    :param mailing: a ``partner.mailing`` record; its environment decides rights and language
    """

    # ------------------------------------------------------------
    # What a mailing is made of
    # ------------------------------------------------------------

    #: Names of the fields without which a mailing is not complete, beside title and recipients.
    required_fields = ()
    #: Names of the fields that recipients read in their language.
    translated_fields = ()
    #: Names of the fields with placeholders that no other channel has.
    rendered_fields = ()
    #: Names of the fields that no other channel has: covered by the fingerprint of this one alone.
    own_fields = frozenset()
    #: Those of them that the list of recipients is made from.
    list_fields = frozenset()
    #: Names of the fields that two requests are compared by, in the order of the review.
    compared_fields = ()
    #: Names of the field with addresses that are no contacts, and of the one with their problems.
    extra_field = problems_field = None
    #: Whether templates (``mail.template``) bring its content.
    has_templates = False

    # ------------------------------------------------------------
    # Addresses
    # ------------------------------------------------------------

    #: Columns of ``partner.mailing.recipient``: the address as typed, and in its normalised form.
    typed_column = address_column = None
    #: Name of the field in the dialog of tests with the addresses that a test goes to.
    test_field = None

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def check_addresses(self):
        """Check the addresses of the mailing itself: sender, copies and the like.

        :raises UserError: names field and value
        """

    def get_sender_warning(self):
        """Return in words what recipients will see as the sender, if that is not what was typed."""
        return False

    def contact_columns_sql(self, contacts):
        """Return SQL of what a list of recipients takes from the contacts of a query.

        Columns: id, name, typed, address, lang, is_company.
        """
        table = contacts.table
        return contacts.select(
            SQL.identifier(table, "id"),
            SQL.identifier(table, "name"),
            SQL("%s AS typed", self.typed_address_sql(table)),
            SQL("%s AS address", self.contact_address_sql(table)),
            SQL.identifier(table, "lang"),
            SQL.identifier(table, "is_company"),
        )

    def typed_address_sql(self, table):
        """Return SQL for the address of a contact as it was typed; ``table`` is an alias."""
        raise NotImplementedError

    def contact_address_sql(self, table):
        """Return SQL for the address of a contact in its normalised form, NULL when it has none."""
        raise NotImplementedError

    def extra_addresses_sql(self):
        """Return SQL for addresses that are no contacts: (position, name, typed, address)."""
        raise NotImplementedError

    def blocklist_sql(self):
        """Return SQL for the column ``address`` of those who want nothing at all."""
        raise NotImplementedError

    def plain_address_sql(self, typed, address):
        """Return a quick SQL condition under which nothing is wrong with an address itself.

        Parameters as in ``address_problem_sql``, which is evaluated only where it does not hold.
        """
        raise NotImplementedError

    def address_problem_sql(self, typed, address):
        """Return SQL for the skip reason that an address itself calls for, NULL when there is none.

        :param typed: SQL of the field as it was typed
        :param address: SQL of the normalised address
        """
        raise NotImplementedError

    def get_contact_address(self, partner):
        """Return the address of a contact, or one that is never used, for a look at the message."""
        raise NotImplementedError

    def get_contact_values(self, address):
        """Return the values of a contact in memory that stands for an extra address."""
        raise NotImplementedError

    def read_test_addresses(self, text):
        """Return the addresses of a text that a test goes to.

        :raises UserError: for what is no address, and for more than a test needs
        """
        raise NotImplementedError

    # ------------------------------------------------------------
    # Messages
    # ------------------------------------------------------------

    def compile(self, lang, session, subject_prefix=""):
        """Build the message for ``lang`` once, with slots where recipients differ.

        :param str lang: code of an installed language
        :param session: what ``connect`` or ``get_offline_session`` returned
        :rtype: .compiled.Compiled
        """
        raise NotImplementedError

    def fill(self, compiled, rows):
        """Yield ``(row, message or None, error)`` for claimed rows of one language.

        What the messages need of the database is read here. A recipient whose message cannot be
        made has no message but a reason; the others are not affected.
        """
        raise NotImplementedError

    def get_sample(self, recipient):
        """Return what a recipient sees, as values of the review page: ``subject`` and ``body``."""
        raise NotImplementedError

    def get_card(self):
        """Return ``(subject in words, body as a page of its own)`` for the board."""
        raise NotImplementedError

    # ------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------

    def get_mail_server(self):
        """Return the ``ir.mail_server`` that is used; empty for that of the configuration, or none."""
        return self.env["ir.mail_server"]

    def connect(self):
        """Open a session.

        :return: an object with ``close()``
        :raises delivery.smtp.pool.NoSession: with the server's words
        :raises UserError: when there is nothing to connect to
        """
        raise NotImplementedError

    def get_offline_session(self):
        """Return what ``compile`` needs of a session, without connecting."""
        raise NotImplementedError

    def get_connections(self):
        """Return how many messages may be on their way at the same time."""
        return 1

    def open_pool(self, connect, connections):
        """Return what carries the messages: a ``delivery.smtp.pool.Pool``, or what has its methods.

        :param connect: returns the next of the sessions that ``self.connect`` opened
        :param connections: sessions at most
        """
        raise NotImplementedError

    def send_test(self, session, messages):
        """Send messages now, outside of any run.

        :param session: what ``connect`` returned
        :raises UserError: names the address that was not accepted, with the server's words
        """
        raise NotImplementedError

    # ------------------------------------------------------------
    # Limits
    # ------------------------------------------------------------

    def get_limits(self):
        """Return the ``delivery.schedule.rate_limit.Limits`` that the mailing shares with others."""
        raise NotImplementedError

    def get_limit_key(self):
        """Return what the limits are counted for: {field of ``partner.mailing.rate.limit``: id}."""
        raise NotImplementedError

    def same_route_sql(self):
        """Return the condition on mailings ``m`` of the same channel that they go the same route."""
        raise NotImplementedError

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    def describe_limits(self, limits):
        """Return a sentence about limits, which come in words."""
        raise NotImplementedError

    def describe_fault(self, fault, number, most, moment):
        """Return a sentence about a server that cannot be used and the next try.

        :param fault: what the server said last
        :param number: of the next try
        :param most: tries at most
        :param moment: of the next try, in words
        """
        raise NotImplementedError

    def describe_last_try(self, number, fault):
        """Return a sentence about a server that could not be used at ``number`` tries in a row."""
        raise NotImplementedError

    def describe_login_refusal(self, fault):
        """Return a sentence about a login that was refused for good."""
        return self.describe_last_try(1, fault)

    def translate_fault(self, fault):
        """Return why no session came about in the user's language; a server's words stay its own."""
        return fault

    def describe_written(self):
        """Return the hint of the checklist when all that has to be written is there."""
        raise NotImplementedError

    def describe_problems(self):
        """Return the hint of the checklist when some extra addresses cannot be read."""
        raise NotImplementedError
