"""The value of a field for addresses of the mailing itself: sender, reply address, copies, tests.

What a person typed is read once, when it is saved. What is stored is the proper form, which reads as
itself; for the headers of messages there is a form in ASCII.
"""

import unicodedata
from typing import NamedTuple

from ..delivery.address import ascii_domain, canonical, fold
from ..delivery.compose.header import inert_text
from . import address_list, mailbox

MAX_NAME = 300  # characters; mail programs show fewer
MAX_ONE = 4000  # characters of one mailbox as typed, with a coded name

# Further problems of a field; the others are those of ``address_list``.
LONG_NAME, FOREIGN_LOCAL_PART, MANY = "long_name", "foreign_local_part", "many"
PROBLEMS = (*address_list.PROBLEMS, LONG_NAME, FOREIGN_LOCAL_PART, MANY)


class Unreadable(ValueError):
    """A value that is no mailbox, or no list of them.

    :ivar problem: one of ``PROBLEMS``
    :ivar text: the piece that is wrong, as typed
    """

    def __init__(self, problem, text):
        super().__init__(problem)
        self.problem = problem
        self.text = text


class Mailbox(NamedTuple):
    """A name, which may be empty, and a valid address, its domain in lower case."""

    name: str
    address: str

    @property
    def proper(self):
        """The form in which it is stored and shown: ``"Doe, Jane" <jane@example.com>``."""
        return mailbox.write(self.name, self.address)

    @property
    def header(self):
        """The form for headers, in which the address is ASCII."""
        address = ascii_domain(self.address)
        if "=?" in self.name:  # Python's parser would look for the end of an encoded word
            return f"{inert_text(self.name)} <{address}>"
        return mailbox.write(self.name, address)

    @property
    def plain(self):
        """The form for sentences, without quotation marks and escapes."""
        return f"{self.name} <{self.address}>" if self.name else self.address

    @property
    def normalized(self):
        """The address alone, as it is compared and stands in envelopes: in lower case, in ASCII."""
        return canonical(self.address)


def read_one(text, foreign=False):
    """Return the only mailbox of a text, None when the text is blank.

    :param foreign: a local part that is not ASCII is accepted; not every server delivers it
    :raises Unreadable: when there is no mailbox, or more than one
    """
    found = _read(text, one=True, foreign=foreign)
    if len(found) > 1:
        raise Unreadable(MANY, text.strip())
    return found[0] if found else None


def read_many(text, foreign=False):
    """Return the mailboxes of a text, each address once; see :func:`read_one`."""
    found = {}
    for box in _read(text, one=False, foreign=foreign):
        found.setdefault(box.normalized, box)
    return list(found.values())


def make(name, address):
    """Return the mailbox of a known name and address; see :func:`read_one`."""
    return _judge(mailbox.Mailbox("", name or "", address or ""), foreign=False)


def shorten(text, length):
    """Return a text for an error: not longer than this, with ? for what cannot be shown."""
    text = mailbox.CONTROL.sub("?", text or "")
    return f"{text[: length - 1]}…" if len(text) > length else text


def write_many(mailboxes):
    """Return the proper form of several mailboxes."""
    return ", ".join(box.proper for box in mailboxes)


def _read(text, one, foreign):
    line = (text or "").strip().replace("\t", " ")
    if mailbox.CONTROL.search(line):
        raise Unreadable(address_list.CONTROL_CHARACTER, line)
    if one and len(line) > MAX_ONE:
        raise Unreadable(LONG_NAME, line)
    found = mailbox.read(line, one=one)
    if line and not found:
        raise Unreadable(address_list.NO_AT, line)
    if one and sum("@" in box.address for box in found) > 1:
        raise Unreadable(MANY, line)
    return [_judge(box, foreign) for box in found]


def _judge(box, foreign):
    """Return a mailbox that can be written to as it is.

    :raises Unreadable: with what is wrong with it
    """
    if box.problem:
        raise Unreadable(box.problem, box.text)
    address = fold(box.address).rstrip(".")  # the end of the sentence that it was copied from
    problem = address_list.normalize(address)[1]
    if problem:
        raise Unreadable(problem, box.text)
    try:
        name = mailbox.decode_name(box.name)
    except ValueError as error:
        raise Unreadable(address_list.CODED, box.text) from error
    local, _at, domain = address.rpartition("@")
    if mailbox.CONTROL.search(name):
        raise Unreadable(address_list.CONTROL_CHARACTER, box.text)
    if len(name) > MAX_NAME:
        raise Unreadable(LONG_NAME, box.text)
    if not foreign and not local.isascii():
        raise Unreadable(FOREIGN_LOCAL_PART, box.text)
    return Mailbox(name, f"{local}@{unicodedata.normalize('NFC', domain).lower()}")
