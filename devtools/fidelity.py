"""The three forms of a message and what lies between them, for the benchmark and the tests."""

import difflib
import email
import email.policy
import re
import shutil
import time
from html import escape
from typing import NamedTuple

import html5lib

from . import designs, gmail, maildir, pictures
from .console import Failure

WIDTHS = (600, 390)  # of a message on a desk, and on a phone
# Of the squares and of the height; most themes have 0. See docs/email_marketing.md.
MAX_SHARE, MAX_HEIGHT = 0.15, 0.05
NOTHING = 0.005  # a share that needs no reason
# What Odoo's builder loses when it turns a design into tables, and what Gmail takes away.
LINES = "lines break elsewhere: all containers have one width"
MARGINS = "a margin in pixels in place of auto"
NEGATIVE = "a negative margin"
REASONS = {
    **{
        (name, "stored → sent"): LINES
        for name in ("newsletter", "training", "coffeebreak", "bignews")
    },
    **{(name, "stored → sent"): MARGINS for name in ("coupon", "promotion")},
    **{(name, "sent → Gmail"): NEGATIVE for name in ("default", "bignews")},
}
PATIENCE = 120  # seconds for messages to arrive
MAILING = "partner.mailing"
MAIN_LANGUAGE = "en_US"
RECIPIENT = "Ana"
# The page on which people see a template before they use it: all before its body, and the body's place.
_PAGE = re.compile(r".*?<body[^>]*>", re.DOTALL)
PLACE = '<div style="max-width: 680px; margin: 0 auto">%s</div></body></html>'
_PLACEHOLDER = re.compile(
    r"<t t-out=\"object\.(?P<name>[\w.]+)\"\s*(?:/>|>(?P<fallback>[^<]*)</t>)"
)
# The mailing's own copy has another number and token.
_PICTURE = re.compile(r"/web/image/\d+\?access_token=[\w-]+")
_HREF = re.compile(r"href=(?:\"[^\"]*\"|'[^']*')")
# Templates are stored as XML.
_EMPTY = re.compile(
    r"(?P<comment><!--.*?-->)|<(?!br\b|hr\b|img\b|col\b|wbr\b)(?P<name>\w+)(?P<rest>[^<>]*)/>",
    re.DOTALL,
)


class Shown(NamedTuple):
    """What is looked at.

    :ivar name: of the theme or template
    :ivar page: the HTML page as it is stored
    :ivar body: the HTML that is sent of it
    :ivar values: of a mailing with it
    :ivar is_sample: whether its texts are samples, which authors replace
    """

    name: str
    page: str
    body: str
    values: dict
    is_sample: bool = False


class Result(NamedTuple):
    """What lies between two forms at one width.

    :ivar steps: "stored → sent" or "sent → Gmail"
    :ivar overflow: the width of the content of the second form, as a multiple of that of the window
    :ivar before: the same of the first form
    """

    name: str
    width: int
    steps: str
    difference: pictures.Difference
    overflow: float
    before: float

    def is_kept(self):
        """Tell whether the difference is within the limits."""
        share, height = self.difference
        # A design that is too wide by itself, is so in a message.
        is_wider = self.overflow > max(self.before, 1.01)
        return share <= MAX_SHARE and abs(height) <= MAX_HEIGHT and not is_wider

    def row(self):
        """Return the row of a table."""
        share, height = self.difference
        width = f"{self.width} px"
        verdict = "met" if self.is_kept() else "not met"
        reason = REASONS.get((self.name, self.steps), "") if share > NOTHING else ""
        return [self.name, width, self.steps, f"{share:.1%}", f"{height:+.1%}", verdict, reason]


def of_theme(design):
    """Return a ``designs.Design`` as ``Shown``."""
    values = {"body_html": design.html, "body_arch": design.arch}
    return Shown(design.name, design.page(), _to_html(design.html), values)


def of_templates(client):
    """Return the templates of the addon as ``Shown``, with values in place of placeholders."""
    known = client.search_read(
        "ir.model.data",
        [("module", "=", "mass_mailing_lite"), ("model", "=", "mail.template")],
        "name",
        "res_id",
    )
    [company] = client.search_read("res.company", [], "name", "email", "phone", "website")
    values = {f"partner_mailing_company_{name}": value for name, value in company.items()}
    values["name"] = RECIPIENT
    found = []
    for record in sorted(known, key=lambda one: one["name"]):
        names = ("body_html", "partner_mailing_miniature")
        body, card = map(client.read("mail.template", record["res_id"], *names).get, names)
        content = _to_html(_fill(body, values))
        page = _PAGE.match(card)[0] + PLACE % content
        found.append(Shown(record["name"], page, content, {"body_html": body}, True))
    return found


def _fill(body, values):
    """Return a stored body with values in place of placeholders, or what stands for an empty one."""
    return _PLACEHOLDER.sub(
        lambda found: escape(values.get(found["name"]) or "") or found["fallback"] or "", body
    )


def _to_html(body):
    """Return a stored body, which is XML, as HTML; what only Outlook reads stays as it is."""
    return _EMPTY.sub(
        lambda found: found["comment"] or f"<{found['name']}{found['rest']}></{found['name']}>",
        body,
    )


def find_changes(shown, sent, url):
    """Return what differs between the body as it is stored and the message that arrived, in lines.

    Links, and what stands before and behind the body, the footer and the picture that counts
    openings, do not count.

    :param str sent: HTML of the message that arrived
    :param url: of the server, which stands before its addresses
    """
    stored, arrived = (_read(text, url)[1:] for text in (shown.body, sent))
    while stored and not stored[0].removeprefix("text ").strip():
        del stored[0]
    while stored and (stored[-1] == "end of body" or not stored[-1].removeprefix("text ").strip()):
        del stored[-1]
    start = arrived.index(stored[0]) if stored[0] in arrived else 0
    arrived = arrived[start : start + len(stored)]
    lines = difflib.unified_diff(stored, arrived, "stored", "sent", n=0, lineterm="")
    return list(lines)


def _read(text, url):
    """Return what a browser reads of the body of a page: a line for each tag, text and comment.

    Addresses are those of the server's own pages, and pictures those of any record.
    """
    text = _PICTURE.sub("/web/image", text.replace("\r\n", "\n").replace(url, ""))
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    lines = []
    for token in html5lib.getTreeWalker("etree")(tree.find("body")):
        kind, data = token["type"], token.get("data")
        if kind in ("Characters", "SpaceCharacters"):
            if lines and lines[-1].startswith("text "):
                lines[-1] += data
            else:
                lines.append(f"text {data}")
        elif kind == "Comment":
            lines.append(f"comment {_HREF.sub('href', data)}")
        elif kind in ("StartTag", "EmptyTag"):
            named = {name: value for (_space, name), value in data.items() if name != "href"}
            lines.append(" ".join([token["name"], *map(repr, sorted(named.items()))]))
        elif kind == "EndTag":
            lines.append(f"end of {token['name']}")
    return lines


def send(author, validator, inbox, shown, **options):
    """Send a mailing of each; return {name: HTML part of the message that arrived}.

    Without a footer and without tracking, which are no part of what is stored, unless the options
    are others.
    """
    shutil.rmtree(inbox.folder, ignore_errors=True)
    maildir.create(inbox.folder)
    plain = dict.fromkeys(("has_unsubscribe", "track_clicks", "track_opens"), False)
    options = {**plain, **options}
    for one in shown:
        values = {"name": one.name, "subject": one.name, "email_from": "shop@example.com"}
        mailing = author.create(
            MAILING,
            **values,
            extra_emails=f"{RECIPIENT} <ana@example.com>",
            **options,
            **one.values,
        )
        if one.is_sample:
            # Sample texts are refused until the author says that they are what is meant.
            author.call(MAILING, "action_keep_language", [mailing], MAIN_LANGUAGE)
        author.call(MAILING, "action_submit", [mailing])
        validator.call(MAILING, "action_validate", [mailing])
    deadline = time.monotonic() + PATIENCE
    while len(deliveries := inbox.deliveries()) < len(shown):
        if time.monotonic() > deadline:
            raise Failure(f"{len(deliveries)} of {len(shown)} messages arrived.")
        time.sleep(0.2)
    pages = {}
    for delivery in deliveries:
        message = email.message_from_bytes(delivery.content(), policy=email.policy.default)
        pages[message["Subject"]] = message.get_body(("html",)).get_content()
    return pages


def compare(page, url, shown, sent, folder):
    """Take pictures of the three forms at all widths, and yield a ``Result`` for each step.

    :param page: of a browser
    :param str sent: HTML of the message that arrived
    :param folder: for the pictures
    """
    forms = {"stored": shown.page, "sent": sent, "gmail": gmail.rewrite(sent)}
    for width in WIDTHS:
        files = {form: folder / f"{shown.name}-{width}-{form}.png" for form in forms}
        overflow = {
            form: designs.photograph(page, url, text, width, files[form])
            for form, text in forms.items()
        }
        for before, after in (("stored", "sent"), ("sent", "gmail")):
            steps = f"{before} → {'Gmail' if after == 'gmail' else after}"
            difference = pictures.compare(files[before], files[after])
            yield Result(shown.name, width, steps, difference, overflow[after], overflow[before])
