"""The interface of a transport; see the package."""

from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.placeholder import TEXT
from .compiled import Compiled, Slots

# A test goes to few, so that it does not replace the validation.
MAX_TEST_ADDRESSES = 10


class Transport:
    """How one mailing is sent: its content, its recipients' addresses, and what carries its
    messages.

    A subclass for each channel sets the class attributes and overrides the methods that raise
    ``NotImplementedError``; the others have defaults. Methods ``…_sql`` return an
    ``odoo.tools.SQL``; methods ``describe_…`` return a sentence in the language of the user.

    :param mailing: a ``partner.mailing`` record; its environment decides rights and language
    """

    # ------------------------------------------------------------
    # Content
    # ------------------------------------------------------------

    #: Names of the fields that must be filled in before submission, besides title and recipients.
    required_fields = ()
    #: Names of the translated fields, which recipients read in their language.
    translated_fields = ()
    #: Names of the fields with placeholders, as far as no other channel has them.
    rendered_fields = ()
    #: Names of the fields with HTML that authors write: a picture in it becomes a file of the mailing.
    body_fields = ()
    #: Names of the translated fields of a later version: hashed only where they have a text, so that
    #: what was validated before is still what it was.
    later_fields = frozenset()
    #: Names of the fields that no other channel has: only this one's fingerprint covers them.
    own_fields = frozenset()
    #: Those of ``own_fields`` from which the list of recipients is made.
    list_fields = frozenset()
    #: Names of the fields in which two requests for approval are compared, in the review's order.
    compared_fields = ()
    #: Names of the text field with extra addresses (of no contact), and of the computed field that
    #: says which of them cannot be read.
    extra_field = problems_field = None
    #: Name of the many2one field with the template of the content; None without templates. Its model
    #: inherits ``partner.mailing.template``.
    template_field = None
    #: Name of the field with the text of the message.
    main_text = None
    #: Name of the field that stands for the mailing in lists and on cards.
    card_field = None
    #: {field of the mailing: translated field of the template that fills it}
    template_texts = {}
    #: The same of what a template has in common for all languages.
    template_options = {}
    #: Name of the field with files, of mailing and template; None where messages have none.
    files_field = None

    # ------------------------------------------------------------
    # Addresses
    # ------------------------------------------------------------

    #: Columns of ``partner.mailing.recipient``: the address as typed, and in its normalised form.
    typed_column = address_column = None
    #: Skip reasons of contacts that have no address which this channel could write to.
    no_address_reasons = ()
    #: Name of the field in the dialog of tests with the addresses that a test goes to.
    test_field = None
    #: Name of the model of the channel's blocklist.
    blocklist_model = None
    #: An address in no use, for the page behind the link of a test.
    example_address = None
    #: Whether a validator can get a proof of the message in her own mailbox.
    has_proofs = False
    #: Figures of the statistics that no message of the channel can give.
    missing_figures = ()

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def read_addresses(self):
        """Read addresses that were written past the ORM, before recipients are loaded."""

    def check_addresses(self):
        """Check the addresses of the mailing itself: From address, copies and the like.

        :raises UserError: names field and value
        """

    def get_sender_problem(self, user):
        """Return why a user may not send the mailing from its From address, in words, or False."""
        return False

    def get_sender_warning(self):
        """Return a warning when recipients will see another From address than the typed one.

        :return: a sentence, or False
        """
        return False

    def get_sender_question(self):
        """Return what is asked about the sender in the DNS, as JSON; None for a channel without it.

        Keys: ``from``, ``envelope``, ``reply`` (domains), ``server`` (id of the chosen mail server).
        It asks the database for nothing but what a form reads anyway.
        """
        return

    def contact_columns_sql(self, contacts):
        """Return a SELECT of what a list of recipients takes from the contacts of a query.

        Columns: id, name, typed, address, further, lang, is_company.

        :param contacts: an ``odoo.tools.Query`` on ``res.partner``
        """
        table = contacts.table
        return contacts.select(
            SQL.identifier(table, "id"),
            SQL.identifier(table, "name"),
            SQL("%s AS typed", self.typed_address_sql(table)),
            SQL("%s AS address", self.contact_address_sql(table)),
            SQL("%s AS further", self.further_addresses_sql(table)),
            SQL.identifier(table, "lang"),
            SQL.identifier(table, "is_company"),
        )

    def typed_address_sql(self, table):
        """Return SQL for the address of a contact as typed; ``table`` is an alias of the table."""
        raise NotImplementedError

    def contact_address_sql(self, table):
        """Return SQL for the address of a contact in its normalised form, NULL when it has none."""
        raise NotImplementedError

    def domain_sql(self, table):
        """Return SQL for the domain of a recipient's address, None where addresses have none.

        :param table: alias of the table of recipients
        """

    def further_addresses_sql(self, table):
        """Return SQL for the further addresses of a contact: a JSON list of objects, or NULL.

        Each has ``typed``, and ``address``: its normalised form, null when it is no address.
        """
        return SQL("NULL::jsonb")

    def read_extra_addresses(self):
        """Return the extra addresses in the order typed, as a list of (name, typed, address).

        One that is no address has a false one: it is in the list of recipients, skipped.
        """
        raise NotImplementedError

    def extra_addresses_sql(self):
        """Return a SELECT of the extra addresses: (position, name, typed, address)."""
        entries = self.read_extra_addresses()
        return SQL(
            "SELECT * FROM unnest(%s::integer[], %s::text[], %s::text[], %s::text[])",
            list(range(len(entries))),
            [name for name, _typed, _address in entries],
            # PostgreSQL accepts no NUL in a text.
            [
                typed.replace("\0", "\N{REPLACEMENT CHARACTER}")
                for _name, typed, _address in entries
            ],
            [address or None for _name, _typed, address in entries],
        )

    # Of a file that is imported; entries are those of ``tools.address_list``.

    #: A pattern that finds the heading of the column with addresses, in several languages.
    heading_words = None

    def is_address(self, text):
        """Tell whether a text is one address, maybe with its name, and nothing else."""
        raise NotImplementedError

    def is_address_list(self, text):
        """Tell whether a text is one or more addresses and nothing else."""
        raise NotImplementedError

    def parse_cell(self, text, line):
        """Return an entry for each address in the text of a cell, or for what is none."""
        raise NotImplementedError

    def read_typed_addresses(self, text):
        """Return the addresses in a text, as a list of (name, typed, address); "" for no address."""
        return [(one.name, one.text, one.address) for one in self.parse_cell(text or "", 1)]

    def format_extra_address(self, entry):
        """Return the line of ``extra_field`` for an entry."""
        raise NotImplementedError

    def blocklist_sql(self):
        """Return a SELECT of the column ``address``: normalised addresses on the blocklist."""
        raise NotImplementedError

    # What is asked of a single address, whichever mailing it is of. A recipient who unsubscribes
    # comes here, and so does each claim.

    @classmethod
    def holder_address_sql(cls, table):
        """Return SQL for the address of a contact as an index finds it.

        :param table: alias of the table of contacts
        """
        raise NotImplementedError

    @classmethod
    def blocked_address_sql(cls, table):
        """Return SQL for the address of an entry of the blocklist; ``table`` is its alias."""
        raise NotImplementedError

    @classmethod
    def get_blocklist_values(cls, address):
        """Return the values of a new entry of the blocklist."""
        raise NotImplementedError

    @classmethod
    def remove_from_blocklist(cls, blocklist, address, message):
        """Take an address off the blocklist.

        :param blocklist: the empty recordset of ``blocklist_model``
        :param message: note that says why
        """
        raise NotImplementedError

    def plain_address_sql(self, typed, address):
        """Return a fast SQL condition for addresses without a problem, which are nearly all.

        Only where it is false is ``address_problem_sql`` evaluated. Parameters as there.
        """
        raise NotImplementedError

    def address_problem_sql(self, typed, address):
        """Return SQL for the skip reason of an address that cannot be written to, else NULL.

        :param typed: SQL of the address as typed
        :param address: SQL of the normalised address
        """
        raise NotImplementedError

    def get_contact_address(self, partner):
        """Return the address of a contact for a preview; a made-up one when it has none."""
        raise NotImplementedError

    def get_own_address(self, partner):
        """Return the normalised address of a contact, "" without one; for a channel with proofs."""
        raise NotImplementedError

    def get_contact_values(self, address):
        """Return the values of the contact in memory that placeholders of an extra address read."""
        raise NotImplementedError

    def read_test_addresses(self, text):
        """Return the normalised addresses in a text, to which a test is sent.

        :raises UserError: when a part is no address, or there are more than a test may have
        """
        raise NotImplementedError

    def get_forbidden_test_addresses(self, addresses):
        """Return those of the addresses that a test may not go to: it was not validated.

        :param addresses: what ``read_test_addresses`` returned
        """
        return []

    def check_test_size(self, number):
        """Raise when a test would go to more than ``MAX_TEST_ADDRESSES``.

        :raises UserError: names the field
        """
        if number > MAX_TEST_ADDRESSES:
            wizard = self.env["partner.mailing.test"]
            raise UserError(
                self.env._(
                    'The field "%(field)s" has %(number)s entries; a test goes to %(most)s at most.'
                    " Add other readers as recipients of the mailing.",
                    field=wizard._fields[self.test_field]._description_string(self.env),
                    number=number,
                    most=MAX_TEST_ADDRESSES,
                )
            )

    def read_copies(self):
        """Return the addresses for copies, whether of each message or of the mailing."""
        return []

    def get_copy_addresses(self):
        """Return the addresses that get a copy of each message, as they stand in the envelope."""
        return ()

    # ------------------------------------------------------------
    # Messages
    # ------------------------------------------------------------

    def compile(self, lang, session, subject_prefix="", around=None):
        """Build the message for ``lang`` once, with slots where recipients differ.

        :param str lang: code of an installed language
        :param session: what ``connect`` or ``get_offline_session`` returned
        :param subject_prefix: what the subject of a test or a proof begins with
        :param around: the ``compiled.Around`` of a proof
        :rtype: .compiled.Compiled
        """
        mailing = self.mailing.with_context(lang=lang)
        slots = Slots()
        template, sender = self.make_template(mailing, session, slots, subject_prefix, around)
        return Compiled(
            template=template,
            slots=tuple(slots),
            readers=tuple(self.make_reader(mailing, slot) for slot in slots),
            contact_fields=mailing._get_contact_fields(slots),
            sender=sender,
            copies=self.get_copy_addresses(),
            lang=lang,
        )

    def make_template(self, mailing, session, slots, subject_prefix, around=None):
        """Return ``(template, envelope sender)`` of the message; see ``compile``.

        :param mailing: in the language of the message
        :param slots: an empty ``Slots``, which gets the slots of the message
        """
        raise NotImplementedError

    def make_reader(self, mailing, slot):
        """Return the function that fills a slot: (contact, claimed row) -> text or ``Value``.

        :param mailing: in the language of the message
        """
        return mailing._make_reader(slot)

    def fill(self, compiled, rows):
        """Yield ``(row, message, "")`` or ``(row, None, reason)`` for claimed rows of one language.

        A message is what the pool takes; its ``key`` is the row's id. All that it needs of the
        database is read here. When one cannot be made, the others are not affected.

        :param rows: dicts as ``partner.mailing.recipient._claim`` returns them: id, partner_id,
            name, address, lang, attempts, message_id, and columns of the contact; of a proof also
            ``to``, the name and address that it goes to in place of the recipient's
        """
        raise NotImplementedError

    def find_links(self, texts):
        """Return the set of the addresses in the content whose clicks can be counted.

        :param texts: {name of a translated field: {language code: text}}
        """
        return set()

    def get_link_parameters(self):
        """Return what is added to the links of the messages: ``[(name, value)]``."""
        return self.mailing._get_link_parameters()

    def leads_here(self, content):
        """Return whether a message has links or pictures that lead to this database.

        :param content: a ``preflight.Content``
        """
        return False

    def get_sample(self, recipient):
        """Return what a recipient reads, for the review page: {"subject": text, "body": Markup}.

        A channel whose messages have a preview text adds ``preview_text``.
        """
        raise NotImplementedError

    def get_card_subject(self):
        """Return the subject for lists and cards; placeholders are named in it, not filled."""
        return self.mailing._name_placeholders(self.mailing[self.card_field], TEXT)

    def get_card_page(self):
        """Return the HTML page of the body for a card, False without one; as the subject."""
        raise NotImplementedError

    # ------------------------------------------------------------
    # Connection
    # ------------------------------------------------------------

    def get_mail_server(self):
        """Return the ``ir.mail_server`` that is used; empty for that of Odoo's configuration."""
        return self.env["ir.mail_server"]

    def connect(self):
        """Open a session.

        :return: an object with ``close()``
        :raises delivery.smtp.pool.NoSession: when the server cannot be used, with its reply: it is
            tried again later
        :raises UserError: when nothing is set up to connect to: the mailing is paused
        """
        raise NotImplementedError

    def get_offline_session(self):
        """Return an object that ``compile`` takes in place of a session, without connecting."""
        raise NotImplementedError

    def get_connections(self):
        """Return how many messages may be sent at the same time, at least 1."""
        return 1

    def get_capacity(self):
        """Return what the server was found to bear, shared by all mailings through it; or None.

        :rtype: ..delivery.smtp.limit.Capacity
        """

    def open_pool(self, connect, connections):
        """Return what sends the messages: a ``delivery.smtp.pool.Pool``, or an object like it.

        It needs, all for the thread of the sender:

        - ``put(messages)``: add messages to those that wait;
        - ``collect(least, seconds)``: return a list of (message, ``delivery.outcome.Outcome``) as
          soon as ``least`` messages are done or ``seconds`` have passed. Each message that was put
          comes back once, here or from ``withdraw``;
        - ``withdraw()``: return the messages that were not begun; they are not sent;
        - ``failure``: the outcome after which no message can be sent, else None;
        - ``close()``: end all sessions.

        :param connect: callable that returns the next session that ``self.connect`` has opened
        :param connections: maximum number of sessions
        """
        raise NotImplementedError

    def send_test(self, session, messages):
        """Send the messages of a test now, without a sender; they are not recorded.

        :param session: what ``connect`` returned
        :param messages: list of what ``fill`` yielded
        :raises UserError: names the address that was not accepted, with the server's reply
        """
        raise NotImplementedError

    def transmit_alone(self, session, messages):
        """Send messages now, without a sender; they are not recorded, and no copies are sent.

        For a channel that has proofs.

        :param session: what ``connect`` returned; it is closed
        :param messages: list of what ``fill`` yielded
        :return: list of ``delivery.outcome.Outcome`` in the same order
        :raises delivery.smtp.pool.NoSession: when none was tried
        """
        raise NotImplementedError

    # ------------------------------------------------------------
    # Limits
    # ------------------------------------------------------------

    def get_limits(self):
        """Return the ``delivery.schedule.rate_limit.Limits``, false when there are none."""
        raise NotImplementedError

    def get_limit_key(self):
        """Return for what the limits are counted: {field of ``partner.mailing.rate.limit``: id}."""
        raise NotImplementedError

    def same_route_sql(self):
        """Return the condition that a mailing ``m`` of the channel uses the same server.

        From such mailings the rate is measured that the expected end is based on.
        """
        raise NotImplementedError

    # ------------------------------------------------------------
    # Sentences
    # ------------------------------------------------------------

    def describe_limits(self, limits):
        """Return a sentence that says the limits.

        :param str limits: such as "60 a minute, 1,000 an hour"
        """
        raise NotImplementedError

    def describe_fault(self, fault, number, most, moment):
        """Return a sentence about a server that cannot be used, and about the next try.

        :param fault: the last reply or error
        :param number: number of the next try
        :param most: maximum number of tries
        :param moment: time of the next try, formatted
        """
        raise NotImplementedError

    def describe_last_try(self, number, fault):
        """Return a sentence about a server that could not be used at ``number`` tries in a row."""
        raise NotImplementedError

    def describe_login_refusal(self, fault):
        """Return a sentence about a login that was refused for good."""
        return self.describe_last_try(1, fault)

    def translate_fault(self, fault):
        """Return an error in the user's language, where it is known; a server's reply as it is."""
        return fault

    @classmethod
    def breakdown_sql(cls, table):
        """Return SQL for the part of an address by which statistics are broken down.

        :param table: alias of the table of recipients
        """
        raise NotImplementedError

    def describe_breakdown(self):
        """Return the title of the table of figures by that part of the address."""
        raise NotImplementedError

    def describe_written(self):
        """Return the hint of the checklist when all ``required_fields`` are filled in."""
        raise NotImplementedError

    def describe_problems(self):
        """Return the hint of the checklist when some extra addresses cannot be read."""
        raise NotImplementedError
