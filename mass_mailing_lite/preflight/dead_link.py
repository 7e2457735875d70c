import re
from urllib.parse import urlsplit

from odoo.exceptions import UserError

from ..delivery.ask.web_address import BadAddressError, read
from ..tools import link_problem
from ..transport.frame import get_frame
from .check import INFO, Check, register
from .local_link import find_all
from .preflight import Preflight

MOST = 5  # addresses that are named
MAX_LINKS = 200  # that are looked at, in each language and in all together
MAX_ADDRESS = 2000  # characters

WEB_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)
# Of the addon itself, such as the unsubscribe page: they exist, and differ from recipient to recipient.
OWN_PATH = "/partner_mailing/"
# A placeholder, also as it is encoded in an attribute.
PERSONAL = re.compile(r"\{\{|#\{|%7b%7b", re.IGNORECASE)
# To ask for such a page may unsubscribe the person whom the address names.
UNSUBSCRIBE = re.compile(r"unsubscri|opt[-_]?out", re.IGNORECASE)
# Short links of Odoo count who follows them.
COUNTED_PATH = "/r/"
# A picture or file of this database.
STORED_FILE = re.compile(r"/web/(?:image|content)/(\d{1,9})(?:-[0-9a-f]{1,64})?(?:[/?#]|$)")
DEAD, INSECURE, MOVED, UNKNOWN = "dead", "insecure", "moved", "unknown"
# The author sees these by other checks, or they are matters of the network that asks.
NOT_TOLD = frozenset({"private", "port", "scheme", "login", "length", "address", "limit"})


@register
class DeadLink(Check):
    """Whether the pages and pictures of all languages and of the layout exist.

    Other computers are asked, so it happens in the background; a company can switch it off.
    """

    key = "dead_link"
    sequence = 15

    def get_title(self):
        return self.env._("links and pictures")

    def get_question(self):
        return self.env._("Do the pages and pictures that the message leads to exist?")

    def look(self, content):
        found = {}
        for words, written, is_picture in self._find(content):
            address = clean(written)
            is_counted = address.startswith(f"{content.base_url}{COUNTED_PATH}")
            if address not in found and is_asked(address) and not is_counted:
                found[address] = [address, words[:60], is_picture]
        # One more says that there are more.
        return [*found.values()][: MAX_LINKS + 1]

    def _find(self, content):
        """Yield (words, address, whether it is a picture's) of what a message leads to."""
        transport = self.mailing._get_transport()
        yield from find_all(content.html)
        for address in link_problem.find_plain_links(content.texts.get(transport.main_text) or ""):
            yield "", address, False
        try:
            frame = get_frame(self.mailing)
        except UserError:  # told where the layout is chosen
            frame = ""
        yield from find_all(frame)

    def ask_background(self, facts):
        if not self.mailing.company_id.sudo().partner_mailing_check_links:
            return None
        addresses = sorted({address for found in facts.values() for address, *_rest in found})
        return addresses[:MAX_LINKS] or None

    def look_in_background(self, asked):
        base_url = self.mailing.get_base_url() or ""
        stored, others = {}, []
        for address in asked:
            if file_id := find_stored_file(address, base_url):
                stored[address] = file_id
            elif not (is_within(address, base_url) and is_private(base_url)):
                others.append(address)
        files = self.env["ir.attachment"].sudo().browse(set(stored.values())).exists()
        facts = {
            address: {"problem": DEAD, "reason": "file"}
            for address, file_id in stored.items()
            if file_id not in files.ids
        }
        for address, answer in self.env["partner.mailing.checked.address"]._ask(others).items():
            if problem := find_problem(address, answer):
                facts[address] = {
                    "problem": problem,
                    "reason": answer.reason,
                    "status": answer.status,
                    "target": get_host(answer.target) if problem == MOVED else "",
                }
        return facts

    def ask_again(self):
        """Forget the answers, so that all addresses are asked again in the background."""
        asked = self.get_asked_background() or []
        self.env["partner.mailing.checked.address"]._forget(asked)
        kept = {**(self.mailing.background_facts or {})}
        kept.pop(self.key, None)
        self.mailing._as_system().write({"background_facts": kept or False})
        Preflight(self.mailing).plan()

    def describe(self, facts):
        asked = self.ask_background(facts)
        if not asked:
            return []
        # What was found about addresses that are still there stays, while another one is written.
        stored = (self.mailing.background_facts or {}).get(self.key) or {}
        answers = stored.get("facts") or {}
        waiting = set(asked) - set(stored.get("asked") or ())
        findings = [self._make_waiting(len(waiting))] if waiting else []
        for problem, (level, message, remedy) in self._get_sentences().items():
            having = {
                lang: [one for one in found if answers.get(one[0], {}).get("problem") == problem]
                for lang, found in facts.items()
            }
            having = {lang: found for lang, found in having.items() if found}
            if having:
                named = self.join_languages(having, lambda found: self._name_items(found, answers))
                findings.append(
                    self.make_finding(
                        f"{message} {named}.",
                        remedy,
                        count=len({one[0] for found in having.values() for one in found}),
                        page="content",
                        focus=self.mailing._get_transport().main_text,
                        level=level,
                        action="action_check_links",
                        label=self.env._("Check Again"),
                    )
                )
        if len({address for found in facts.values() for address, *_rest in found}) > MAX_LINKS:
            findings.append(
                self.make_finding(
                    self.env._(
                        "Only %s links and pictures are checked. There are more.", MAX_LINKS
                    ),
                    self.env._("Open the others in a browser, or make a shorter message of it."),
                    level=INFO,
                    page="content",
                    focus=self.mailing._get_transport().main_text,
                )
            )
        return findings

    def _make_waiting(self, count):
        return self.make_finding(
            self.env._("Links and pictures are being checked: %s.", count),
            self.env._("The result is shown here as soon as it is there."),
            count=count,
            level=INFO,
        )

    def _get_sentences(self):
        """Return {problem: (level, what it is, what to do)}."""
        return {
            DEAD: (
                self.level,
                self.env._("Links or pictures that lead to no page:"),
                self.env._("Correct the address or remove it. If the page was missing for a moment, check again."),
            ),
            INSECURE: (
                self.level,
                self.env._("Addresses of which browsers warn, because the connection is not secure:"),
                self.env._("Tell the owner of the site that its certificate is not valid, or lead to another page."),
            ),
            MOVED: (
                INFO,
                self.env._("Addresses that lead on to another site:"),
                self.env._("See whether it is the page that you mean, and write its own address."),
            ),
            UNKNOWN: (
                INFO,
                self.env._("Addresses that do not answer a program:"),
                self.env._("Open them in a browser to see whether they are right."),
            ),
        }  # fmt: skip

    def _name_items(self, found, answers):
        """Return links in words: ``"Our shop" (https://…: error 404), picture (…)``."""
        named = []
        for address, words, is_picture in found[:MOST]:
            shown = address if len(address) <= 120 else f"{address[:119]}…"
            shown = f"{shown}: {self._name_reason(answers[address])}"
            if is_picture and not words:
                named.append(f"{self.env._('picture')} ({shown})")
            else:
                named.append(f'"{words}" ({shown})' if words else shown)
        if len(found) > MOST:
            named.append(self.env._("%s more", len(found) - MOST))
        return ", ".join(named)

    def _name_reason(self, answer):
        """Return what an address answered, in words."""
        if answer["problem"] == MOVED:
            return self.env._("leads to %s", answer["target"])
        reasons = {
            "file": self.env._("the file was deleted"),
            "no_name": self.env._("this name does not exist"),
            "refused": self.env._("the server refuses the connection"),
            "circle": self.env._("it leads in a circle"),
            "certificate": self.env._("the certificate is not valid"),
            "tls": self.env._("the connection cannot be encrypted"),
            "timeout": self.env._("no answer in time"),
            "broken": self.env._("the connection broke off"),
            "unreachable": self.env._("the server cannot be reached"),
        }
        return reasons.get(answer["reason"]) or self.env._("error %s", answer["status"])


def clean(address):
    """Return an address as a browser reads it, without the place on the page."""
    return re.sub(r"[\t\n\r\0]", "", address).strip().partition("#")[0]


def is_asked(address):
    """Tell whether an address is the same for each recipient, and of a page of others."""
    if not WEB_ADDRESS.match(address) or len(address) > MAX_ADDRESS:
        return False
    if OWN_PATH in address.partition("?")[0] or PERSONAL.search(address):
        return False
    if UNSUBSCRIBE.search(address):
        return False
    return link_problem.find_problem(address) in (None, link_problem.LOCAL)


def find_problem(address, answer):
    """Return what is told about an answer; None for a page that exists."""
    if answer.outcome in (DEAD, INSECURE):
        return answer.outcome
    if answer.reason in NOT_TOLD:
        return None
    if answer.outcome == UNKNOWN:
        return UNKNOWN
    return None if same_site(get_host(address), get_host(answer.target)) else MOVED


def same_site(one, other):
    """Tell whether two hosts are one site: ``www.`` in front makes no other one."""
    return one.removeprefix("www.") == other.removeprefix("www.")


def get_host(address):
    """Return the host of an address in ASCII, in lower case."""
    try:
        return read(address).host
    except BadAddressError:
        return ""


def is_within(address, base_url):
    """Tell whether an address is one of this database."""
    return bool(base_url) and f"{address}/".startswith((f"{base_url}/", f"{base_url}?"))


def is_private(base_url):
    return link_problem.is_private_host(urlsplit(base_url).hostname or "")


def find_stored_file(address, base_url):
    """Return the id of the file of this database to which an address leads, else None."""
    if not is_within(address, base_url):
        return None
    match = STORED_FILE.match(address.removeprefix(base_url))
    return int(match[1]) if match else None
