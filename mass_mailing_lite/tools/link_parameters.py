"""Parameters that are added to the links of a message, such as those of a campaign.

They are added to what leads to a page on the web. All else stays as it was written: what the author
gave a value already, files, addresses that are signed as a whole, the addon's own links, and pages of
Odoo that act for one recipient or lead on to another address.
"""

import html
import re
from collections.abc import Iterable
from urllib.parse import quote_plus, unquote, unquote_plus

from .link_address import MAX_ADDRESS, OWN_LINK, WEB_ADDRESS

Parameters = Iterable[tuple[str, str]]

# A slot marker: what stands there is another text for each recipient.
_MARKER = re.compile(r"mk[0-9a-f]{16}x\d{1,9}km")
# A link as in ``link_address``, also one in which a template (QWeb) evaluates parts.
_LINK = re.compile(
    r"(?P<before><(?:a|area|v:\w+)\s[^<>]*?(?<=\s)(?P<format>t-attf-)?href\s*=\s*)"
    r"(?P<quote>[\"'])(?P<url>.*?)(?P=quote)",
    re.IGNORECASE | re.DOTALL,
)
_EVALUATED = re.compile(r"\{\{[^{}]{0,500}\}\}|#\{[^{}]{0,500}\}")
# What is evaluated where a template writes an address, or was meant to be.
_PLACEHOLDERS = ("{{", "#{")
_STAND_IN = "mk0000000000000000x%skm"
_HOST_END = re.compile(r"[/?#\\]")
# The beginning of a fragment in an attribute, where "&#" begins a character reference.
_FRAGMENT = re.compile(r"(?<!&)#")
# Endings of files that a browser downloads, or shows without a page around them.
FILES = frozenset(
    {
        "pdf", "ps", "epub", "doc", "docx", "docm", "dot", "dotx", "odt", "ott", "rtf", "txt",
        "md", "csv", "tsv", "xls", "xlsx", "xlsm", "ods", "ppt", "pptx", "pps", "ppsx", "odp",
        "key", "pages", "numbers", "vsd", "vsdx", "xml", "json", "zip", "7z", "rar", "gz",
        "tgz", "bz2", "xz", "tar", "iso", "dmg", "exe", "msi", "apk", "ipa", "deb", "rpm",
        "jar", "ics", "ical", "vcf", "vcard", "eml", "msg", "png", "jpg", "jpeg", "jpe", "gif",
        "webp", "avif", "svg", "bmp", "ico", "tif", "tiff", "heic", "heif", "psd", "ai", "eps",
        "mp3", "m4a", "ogg", "oga", "opus", "wav", "flac", "aac", "mp4", "m4v", "mov", "webm",
        "ogv", "avi", "mkv", "wmv", "mpg", "mpeg", "m3u8", "torrent", "woff", "woff2", "ttf",
        "otf", "css", "js",
    }
)  # fmt: skip
# Where Odoo gives out files, on any host.
_FILE_PATHS = (
    "/web/content/",
    "/web/image/",
    "/web/binary/",
    "/web/static/",
    "/documents/content/",
)
# Pages of this Odoo that act for one recipient, or lead on with parameters of their own.
_ACTING_PATHS = ("/mailing/", "/unsubscribe_from_list", "/view", "/r/", "/sms/", "/cards/")
# Parameters by which storage services sign a whole address: another one makes it invalid.
_SIGNATURES = frozenset(
    {
        "signature", "sig", "key-pair-id", "hmac",
        "x-amz-signature", "x-goog-signature", "x-oss-signature", "q-signature",
    }
)  # fmt: skip


def add_parameters(address: str, parameters: Parameters, own: str = "") -> str:
    """Return an address with parameters, before its fragment; the address itself if it gets none.

    :param address: as a browser reads it, maybe with slot markers
    :param own: address of this Odoo
    """
    head, mark, fragment = address.partition("#")
    if any(one in address for one in _PLACEHOLDERS):
        return address
    added = _get_addition(head, parameters, own)
    if not added or len(address) + len(added) > MAX_ADDRESS:
        return address
    return f"{head}{added}{mark}{fragment}"


def add_in_html(body: str, parameters: Parameters, own: str = "") -> str:
    """Return HTML with parameters in its links; parameters of this function as above.

    What the author wrote stays as it is, to the letter; only the addition is put in between.
    """
    parameters = tuple(parameters)
    if not parameters:
        return body

    def put(match):
        add = _add_in_format if match["format"] else _add_in_attribute
        address = add(match["url"], parameters, own)
        return f"{match['before']}{match['quote']}{address}{match['quote']}"

    return _LINK.sub(put, body)


def _add_in_format(source, parameters, own):
    """Return the value of an attribute whose parts in braces QWeb evaluates, with parameters."""
    parts = _EVALUATED.findall(source)
    numbers = iter(range(len(parts)))
    marked = _EVALUATED.sub(lambda _part: _STAND_IN % next(numbers), source)
    extended = _add_in_attribute(marked, parameters, own)
    for number, part in enumerate(parts):
        extended = extended.replace(_STAND_IN % number, part)
    return extended


def _add_in_attribute(source, parameters, own):
    """Return the value of an attribute (HTML) with parameters."""
    address = html.unescape(source).strip()
    extended = add_parameters(address, parameters, own)
    if extended == address:
        return source
    source = source.strip()
    head = _FRAGMENT.split(source, maxsplit=1)[0]
    if "#" in html.unescape(head):  # the fragment begins with a character reference
        return html.escape(extended)
    addition = _get_addition(html.unescape(head), parameters, own)
    return f"{head}{html.escape(addition)}{source[len(head) :]}"


def _get_addition(head, parameters, own):
    """Return what is put behind an address without fragment, "" for one that gets nothing."""
    if not WEB_ADDRESS.match(head) or OWN_LINK.match(head):
        return ""
    begin = head.index("://") + 3
    end = _HOST_END.search(head, begin)
    host_end = end.start() if end else len(head)
    if _MARKER.search(head[:host_end]):
        return ""  # the value may be another scheme or host
    path, question, query = head[host_end:].partition("?")
    names = {unquote_plus(part.partition("=")[0]) for part in query.split("&")}
    if _is_file(path) or not _SIGNATURES.isdisjoint(name.lower() for name in names):
        return ""
    if own and _acts(head, own.rstrip("/")):
        return ""
    added = "&".join(
        f"{quote_plus(name)}={_encode(value)}" for name, value in parameters if name not in names
    )
    if not added:
        return ""
    if not question:
        return f"?{added}"
    return added if not query or query.endswith("&") else f"&{added}"


def _is_file(path):
    """Tell whether a path leads to a file and to no page."""
    path = unquote(path).lower()
    if path.startswith(_FILE_PATHS):
        return True
    _name, dot, ending = path.rpartition("/")[2].rpartition(".")
    return bool(dot) and ending in FILES


def _acts(head, own):
    """Tell whether an address is a page of this Odoo that acts, or leads on."""
    if not head.lower().startswith(f"{own.lower()}/"):
        return False
    path = head[len(own) :].partition("?")[0]
    return any(
        path.startswith(one) if one.endswith("/") else path == one or path.startswith(f"{one}/")
        for one in _ACTING_PATHS
    )


def _encode(value):
    # Some web servers refuse three dots in an address, as an attempt to leave a folder.
    return quote_plus(value, errors="replace").replace("...", "%2E%2E%2E")
