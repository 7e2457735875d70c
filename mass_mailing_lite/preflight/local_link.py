import re

from lxml import etree

from ..tools import link_problem
from ..tools.srcset import find_addresses
from .check import Check, register

MOST = 5  # addresses that are named

# Attributes with an address, and whether it is one of a picture.
ADDRESSES = {"href": False, "src": True, "background": True, "poster": True}
STYLE_ADDRESS = re.compile(r"url\(\s*[\"']?([^)\"']*)", re.IGNORECASE)
LINKS = ("a", "area")


@register
class LocalLink(Check):
    """Whether links and pictures lead anywhere on the computer of a recipient."""

    key = "local_link"
    sequence = 20

    def get_title(self):
        return self.env._("addresses of links and pictures")

    def get_question(self):
        return self.env._("Does a link or picture have an address that leads nowhere?")

    def look(self, content):
        found = {}
        for name, text in content.texts.items():
            if name == self.mailing._get_transport().main_text:
                note_plain_links(found, text)
        written = [address for _text, address, _is_picture in find_all(content.source)]
        leaving = list(find_all(content.html))
        if len(written) != len(leaving):
            written = [address for _text, address, _is_picture in leaving]
        for (text, address, is_picture), typed in zip(leaving, written, strict=True):
            # A path to which the address of the database was added: that has a check of its own.
            if typed.startswith("/") and address != typed:
                continue
            if problem := link_problem.find_problem(address):
                found.setdefault(problem, []).append([text[:60], address[:120], is_picture])
        return {
            problem: {"count": len(items), "items": items[:MOST]}
            for problem, items in found.items()
        }

    def describe(self, facts):
        sentences = self._get_sentences()
        findings = []
        for problem, (message, remedy) in sentences.items():
            having = {lang: found[problem] for lang, found in facts.items() if problem in found}
            if having:
                named = self.join_languages(having, self._name_items)
                findings.append(
                    self.make_finding(
                        f"{message} {named}.",
                        remedy,
                        count=sum(found["count"] for found in having.values()),
                        page="content",
                        focus=self.mailing._get_transport().main_text,
                    )
                )
        return findings

    def _get_sentences(self):
        """Return {problem: (what it is, what to do)}."""
        return {
            link_problem.EMPTY: (
                self.env._("Links or pictures without an address:"),
                self.env._("Select the words or the picture, and write the address, or remove the link."),
            ),
            link_problem.NO_SCHEME: (
                self.env._("Addresses without https:// in front, which lead nowhere from a mail program:"),
                self.env._("Write the whole address, such as https://www.example.com, or mailto: before an e-mail address."),
            ),
            link_problem.BROKEN: (
                self.env._("Addresses that cannot be right:"),
                self.env._("Copy the address from the browser once more."),
            ),
            link_problem.LOCAL: (
                self.env._("Addresses in your own network, which recipients cannot reach:"),
                self.env._("Write the public address of the page or picture."),
            ),
            link_problem.FILE: (
                self.env._("Addresses on your own computer, which recipients cannot reach:"),
                self.env._("Attach the file, or put the picture into the text with the editor."),
            ),
            link_problem.PART: (
                self.env._("Pictures that were copied from another e-mail, and stayed behind in it:"),
                self.env._("Save the picture from the e-mail as a file, and put it into the text with the editor."),
            ),
        }  # fmt: skip

    def _name_items(self, found):
        """Return the addresses in words: ``"Our shop" (www.example.com), picture (cid:1)``."""
        named = []
        for text, address, is_picture in found["items"]:
            shown = self.env._("picture") if is_picture and not text else f'"{text}"'
            if not text and not is_picture and address.strip():
                named.append(address)
            else:
                named.append(f"{shown} ({address})" if address.strip() else shown)
        if found["count"] > len(named):
            named.append(self.env._("%s more", found["count"] - len(named)))
        return ", ".join(named)


def note_plain_links(found, text):
    """Add the addresses of a text without markup, of which phones make links, to what was found."""
    for address in link_problem.find_plain_links(text):
        if problem := link_problem.find_problem(address):
            found.setdefault(problem, []).append(["", address[:120], False])


def find_all(source):
    """Yield (text of the link, address, whether it is a picture's) of an HTML body."""
    if not source.strip():
        return
    tree = etree.fromstring(f"<body>{source}</body>", parser=etree.HTMLParser(huge_tree=True))
    if tree is None:
        return
    for element in tree.iter(etree.Element):
        for name, value in element.attrib.items():
            if name in ADDRESSES:
                is_picture = ADDRESSES[name]
                if name != "href" or element.tag in LINKS:
                    yield get_text(element), value, is_picture
            elif name == "srcset":
                for address in find_addresses(value):
                    yield get_text(element), address, True
            elif name == "style" and "url(" in value.lower():
                for address in STYLE_ADDRESS.findall(value):
                    yield "", address, True


def get_text(element):
    """Return the words by which an author knows a link or picture."""
    text = " ".join(" ".join(element.itertext()).split())
    if not text:
        picture = element if element.tag == "img" else element.find(".//img")
        text = "" if picture is None else picture.get("alt") or picture.get("title") or ""
    return text
