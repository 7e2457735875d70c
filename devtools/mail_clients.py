"""What a message asks of mail programs, and which of them do not do it.

The names of features are those of caniemail.com (``css-max-width``, ``html-table``), where each has a
page with tests and notes. What its data do not test is one of ``UNTESTED``, or it is refused.
"""

import functools
import json
import re
import warnings

import html5lib
import tinycss2
from html5lib.constants import DataLossWarning
from lxml import etree

from . import caniemail

#: The mail programs that count: (family, platform) of the data. Windows Mail and Gmail's page for
#: phones are no more.
CLIENTS = (
    ("gmail", "desktop-webmail"),
    ("gmail", "ios"),
    ("gmail", "android"),
    ("outlook", "windows"),
    ("outlook", "macos"),
    ("outlook", "outlook-com"),
    ("outlook", "ios"),
    ("outlook", "android"),
    ("apple-mail", "macos"),
    ("apple-mail", "ios"),
    ("yahoo", "desktop-webmail"),
    ("yahoo", "ios"),
    ("yahoo", "android"),
    ("samsung-email", "android"),
)
OUTLOOK_WINDOWS = ("outlook", "windows")

# As old as mail with HTML itself: there is nothing to test.
UNTESTED_ELEMENTS = frozenset(
    [
        "html",
        "head",
        "title",
        "meta",
        "a",
        "b",
        "i",
        "u",
        "em",
        "br",
        "tr",
        "td",
        "th",
        "tbody",
        "thead",
        "font",
        "sub",
        "sup",
        "center",
    ]
)
UNTESTED_ATTRIBUTES = frozenset(
    [
        "href",
        "src",
        "alt",
        "title",
        "style",
        "class",
        "id",
        "name",
        "content",
        "charset",
        "border",
        "bgcolor",
        "colspan",
        "rowspan",
        "color",
        "face",
        "size",
        "start",
        "rel",
    ]
)
UNTESTED_PROPERTIES = frozenset(["color", "font-family", "font-style"])
PROPERTIES = {
    # Outlook's own, which others ignore.
    "mso-hide": None,
    "mso-padding-alt": None,
    # The former name of color-scheme, for old versions of Apple Mail.
    "supported-color-schemes": None,
    **dict.fromkeys(("left", "right", "top", "bottom"), "css-left-right-top-bottom"),
    **dict.fromkeys(("gap", "column-gap", "row-gap"), "css-gap"),
}
VALUES = {
    ("display", "flex"): "css-display-flex",
    ("display", "inline-flex"): "css-display-flex",
    ("display", "grid"): "css-display-grid",
    ("display", "none"): "css-display-none",
}
ELEMENTS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "li", "dl", "dt", "dd"), "html-lists"),
    "strong": "html-strong",
    "svg": "html-svg",
    "map": "html-image-maps",
}
SELECTORS = {">": "css-selector-child", "+": "css-selector-adjacent-sibling"}
MSO = re.compile(r"\[if [^\]]*mso[^\]]*\]>(.*)<!\[endif\]", re.DOTALL)
NOT_MSO = re.compile(r"\[if !mso\]")


@functools.cache
def _get_data():
    """Return the data by name of feature."""
    features = json.loads(caniemail.find().read_text(encoding="utf-8"))["data"]
    return {one["slug"]: one for one in features}


def get_support(feature, client):
    """Return what the newest version of a mail program does of a feature.

    :return: ``y`` (all), ``a`` (partly), ``n`` (not at all) or ``u`` (not known)
    """
    family, platform = client
    versions = _get_data()[feature]["stats"].get(family, {}).get(platform)
    return list(versions.values())[-1].split()[0] if versions else "u"


def find_lacking(page, levels=("n",)):
    """Return what a page uses and mail programs lack: {feature: {client: level}}.

    :param str page: HTML of a whole message
    :param levels: what counts as lacking, see ``get_support``
    """
    lacking = {}
    for feature, clients in find_features(page).items():
        found = {one: level for one in clients if (level := get_support(feature, one)) in levels}
        if found:
            lacking[feature] = found
    return lacking


def find_features(page):
    """Return the features that a page uses: {feature: clients that are shown it}.

    What stands in comments for Outlook is shown by Outlook for Windows alone.

    :raises ValueError: names what neither the data nor the lists above know
    """
    finder = _Finder()
    finder.read(page)
    features = dict.fromkeys(sorted(finder.features), CLIENTS)
    for comment in finder.comments:
        inner = _Finder()
        inner.read(f"<!DOCTYPE html><div>{comment}</div>")
        for feature in inner.features:
            features.setdefault(feature, (OUTLOOK_WINDOWS,))
    return features


class _Finder:
    """Collects the features of one page.

    :ivar features: names of the data
    :ivar comments: what stands in comments for Outlook, as HTML
    """

    def __init__(self):
        self.features = set()
        self.comments = []

    def read(self, page):
        if page.lstrip().lower().startswith("<!doctype html>"):
            self.features.add("html-doctype")
        with warnings.catch_warnings():
            # lxml takes neither "--" in comments nor a colon in names; neither is asked for here.
            warnings.simplefilter("ignore", DataLossWarning)
            tree = html5lib.parse(page, treebuilder="lxml", namespaceHTMLElements=False)
        for node in tree.iter():
            if node.tag is etree.Comment:
                self.features.add("html-comments")
                if found := MSO.search(node.text):
                    self.comments.append(found[1])
            elif isinstance(node.tag, str):
                self.read_element(node)

    def read_element(self, node):
        tag = node.tag
        if tag not in UNTESTED_ELEMENTS:
            self.add(ELEMENTS.get(tag) or f"html-{tag}", f"<{tag}>")
        if tag == "style":
            self.read_sheet(tinycss2.parse_stylesheet(node.text or "", skip_whitespace=True))
        if tag == "meta":
            if node.get("name") == "color-scheme":
                self.features.add("html-meta-color-scheme")
            return
        for name, value in node.attrib.items():
            self.read_attribute(tag, name, value)

    def read_attribute(self, tag, name, value):
        if name == "style":
            self.read_declarations(tinycss2.parse_blocks_contents(value))
        elif name == "href" and value.startswith("mailto:"):
            self.features.add("html-mailto-links")
        elif name == "href" and value.startswith("#"):
            self.features.add("html-anchor-links")
        elif name in ("srcset", "sizes"):
            self.features.add("html-srcset")
        elif name == "loading":
            self.features.add("html-loading-attribute")
        elif name not in UNTESTED_ATTRIBUTES and not name.startswith(("data-", "xmlns")):
            self.add(f"html-{name}", f'{name}="{value}" of <{tag}>')

    def read_sheet(self, rules):
        for rule in rules:
            if rule.type == "comment":
                self.features.add("css-comments")
            elif rule.type == "at-rule":
                self.add(f"css-at-{rule.lower_at_keyword}", f"@{rule.lower_at_keyword}")
                if "prefers-color-scheme" in tinycss2.serialize(rule.prelude):
                    self.features.add("css-at-media-prefers-color-scheme")
                if rule.lower_at_keyword in ("media", "supports"):
                    self.read_sheet(tinycss2.parse_rule_list(rule.content, skip_whitespace=True))
            elif rule.type == "qualified-rule":
                self.read_selector(rule.prelude)
                self.read_declarations(tinycss2.parse_blocks_contents(rule.content))
            else:
                raise ValueError(f"a style sheet that cannot be read: {rule.message}")

    def read_selector(self, tokens):
        tokens = [token for token in tokens if token.type != "comment"]
        while tokens and tokens[-1].type == "whitespace":
            tokens.pop()
        before = None
        for place, token in enumerate(tokens):
            kind = getattr(token, "value", "") if token.type == "literal" else token.type
            if kind == ".":
                self.features.add("css-selector-class")
                if before == "ident":
                    self.features.add("css-selector-chaining")
            elif kind == ",":
                self.features.add("css-selector-grouping")
            elif kind == "ident" and before not in (".", ":"):
                self.features.add("css-selector-type")
            elif kind == "whitespace" and before not in (None, ",") and place:
                self.features.add("css-selector-descendant")
            elif kind == ":":
                name = getattr(tokens[place + 1], "name", None) or tokens[place + 1].value
                if name != "root":  # as old as style sheets in mail
                    self.add(f"css-pseudo-class-{name}", f":{name}")
            elif kind in SELECTORS:
                self.features.add(SELECTORS[kind])
            before = kind

    def read_declarations(self, declarations):
        for one in declarations:
            if one.type in ("whitespace", "comment"):
                continue
            if one.type != "declaration":
                raise ValueError(f"a style that cannot be read: {tinycss2.serialize([one])[:80]}")
            if one.important:
                self.features.add("css-important")
            self.read_property(one.lower_name, one.value)

    def read_property(self, name, tokens):
        words = [token.lower_value for token in tokens if token.type == "ident"]
        if name not in UNTESTED_PROPERTIES and not name.startswith("--"):
            special = next((VALUES[name, word] for word in words if (name, word) in VALUES), None)
            self.add(special or self.get_property(name), f"{name}: {tinycss2.serialize(tokens)}")
        self.read_values(tokens)

    def get_property(self, name):
        """Return the feature of a property, or that of its shorthand; None for what none knows."""
        if name in PROPERTIES:
            return PROPERTIES[name] or ""
        while f"css-{name}" not in _get_data():
            name, dash, _last = name.rpartition("-")
            if not dash:
                return None
        return f"css-{name}"

    def read_values(self, tokens):
        for token in tokens:
            if token.type == "dimension":
                self.add(f"css-unit-{token.lower_unit}", f"the unit {token.lower_unit}")
            elif token.type == "percentage":
                self.features.add("css-unit-percent")
            elif token.type == "function":
                name = token.lower_name
                for feature in (f"css-{name}", f"css-function-{name}", f"css-unit-{name}"):
                    if feature in _get_data():
                        self.features.add(feature)
                if name == "var":
                    self.features.add("css-variables")
                self.read_values(token.arguments)

    def add(self, feature, source):
        if feature == "":
            return
        if feature not in _get_data():
            raise ValueError(f"caniemail.com knows nothing of {source}")
        self.features.add(feature)


OUTLOOK = ("outlook.windows",)
GMAIL = ("gmail.desktop-webmail", "gmail.ios", "gmail.android")
YAHOO = ("yahoo.desktop-webmail", "yahoo.ios", "yahoo.android")
OUTLOOK_OTHERS = ("outlook.macos", "outlook.outlook-com", "outlook.ios", "outlook.android")
DARK = "The message stays as light as it was designed, or is darkened by the program's own rules."
#: What messages use although some of the programs lack it: {feature: (programs, what is seen there)}.
FALLBACKS = {
    "css-at-media": (OUTLOOK, "Windows has no small windows: columns stay side by side."),
    "css-at-media-prefers-color-scheme": ((*GMAIL, *OUTLOOK, *YAHOO), DARK),
    "css-color-scheme": ((*GMAIL, *OUTLOOK, *OUTLOOK_OTHERS, *YAHOO), DARK),
    "html-meta-color-scheme": (
        (*GMAIL, *OUTLOOK, *OUTLOOK_OTHERS, *YAHOO, "apple-mail.ios", "samsung-email.android"),
        DARK,
    ),
    "css-border-radius": (OUTLOOK, "Corners are square."),
    "css-box-sizing": ((*OUTLOOK, *YAHOO), "Of what has a width, only cells have a padding."),
    "css-height": (YAHOO, "A cell has its height as an attribute, too."),
    "css-max-height": (OUTLOOK, "It hides the preview text, which Outlook hides by mso-hide."),
    "css-opacity": (
        OUTLOOK,
        "It hides the preview text, which Outlook hides by mso-hide; a separator is darker.",
    ),
    "css-table-layout": (
        ("outlook.windows", "outlook.macos"),
        "Columns of an author's table are as wide as their texts need.",
    ),
    "css-white-space": (
        ("outlook.windows", "samsung-email.android"),
        "It is for code, and the element of code keeps lines and blanks itself.",
    ),
    "css-word-break": (YAHOO, "The long name of a file to download may be wider than the column."),
    "html-target": (
        ("gmail.desktop-webmail", "outlook.outlook-com", *YAHOO, *GMAIL[1:]),
        "Web mail opens each link in a new tab, apps open a browser.",
    ),
    "css-overflow": (OUTLOOK, "It hides the preview text, which Outlook hides by mso-hide."),
    "html-body": (
        ("outlook.macos", "yahoo.ios", "yahoo.android"),
        "Its style is lost, or another element has it: designed templates style each cell.",
    ),
    "html-doctype": (
        ("outlook.windows", "yahoo.android", "samsung-email.android"),
        "The program writes its own; tables and blocks look alike in all of them.",
    ),
}


def find_faults(page):
    """Return what a page uses, a program lacks, and ``FALLBACKS`` does not tell of, as sentences.

    :param str page: HTML of a whole message
    """
    faults = []
    for feature, clients in find_lacking(page).items():
        known, _seen = FALLBACKS.get(feature, ((), ""))
        names = [".".join(client) for client in clients]
        if unknown := [name for name in names if name not in known]:
            title = _get_data()[feature]["title"]
            faults.append(f"{title} ({feature}): not in {', '.join(unknown)}")
    return faults
