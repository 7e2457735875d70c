"""Names of files that deceive: they look like another kind of file than they are."""

import re
import unicodedata

from ..delivery.address import SPACES

# What is wrong with a name.
HIDDEN, SPACED, DOUBLE = PROBLEMS = ("hidden", "spaced", "double")

# Direction of Hebrew and Arabic words, and joiners of letters and emoji: names need them.
NEEDED = frozenset("\u200c\u200d\u200e\u200f")
DIRECTIONS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
BLANK = rf"[\s{SPACES}\u115f\u1160\u3164\uffa0]"
# A run of blanks that moves the rest of the name out of sight.
LONG_BLANK = re.compile(rf"{BLANK}{{4}}")
EXTENSION = re.compile(rf"\.(\w{{1,8}}){BLANK}{{0,3}}\.({BLANK}{{0,3}}\w{{1,12}}){BLANK}{{0,3}}$")
# Kinds that a system runs, and that are hidden where it hides known extensions.
PROGRAMS = frozenset(
    ("app", "bat", "bin", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "gadget", "hta", "iso",
     "jar", "jnlp", "js", "jse", "lnk", "msc", "msi", "msp", "pif", "ps1", "reg", "scr", "sct", "sh",
     "url", "vb", "vbe", "vbs", "ws", "wsc", "wsf", "wsh")
)  # fmt: skip


def is_hidden(char):
    """Tell whether a character is a control, is not shown, or changes the direction of a text.

    ``invoice\\u202efdp.exe`` is shown as ``invoiceexe.pdf`` (Unicode TR 36, section 2.5).
    """
    if char.isascii():
        return not char.isprintable()
    if char in NEEDED:
        return False
    return (
        unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}
        or unicodedata.bidirectional(char) in DIRECTIONS
    )


def find_problem(name):
    """Return one of ``PROBLEMS``, or None for a name that shows what the file is."""
    if any(map(is_hidden, name)):
        return HIDDEN
    if LONG_BLANK.search(name):
        return SPACED
    if found := EXTENSION.search(name[-40:]):
        if re.search(BLANK, found[0].rstrip()):
            return SPACED
        if found[2].lower() in PROGRAMS and found[1].lower() not in PROGRAMS:
            return DOUBLE
    return None


# What Gmail refuses (support.google.com/mail/answer/6590) beyond the programs above, also in an
# archive. Outlook refuses these and more.
REFUSED = PROGRAMS | frozenset(
    ("ade", "adp", "apk", "appx", "appxbundle", "cab", "diagcab", "diagcfg", "diagpkg", "ex", "ex_",
     "img", "ins", "isp", "jsp", "lib", "mde", "mjs", "msix", "msixbundle", "mst", "nsh", "ps2", "psm1",
     "shb", "sys", "vhd", "vhdx", "vxd", "xll")
)  # fmt: skip
ARCHIVES = frozenset(("zip", "gz", "tgz", "bz2", "xz", "7z", "rar", "tar", "txt", "zst"))
NOT_IN_NAMES = frozenset('/\\:*?"<>|')  # of Windows, whose computers cannot save such a file
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
MAX_NAME = 120  # characters; a coded header of a message stays in a few lines
KIND = re.compile(r"\w{1,12}(?:[~!-]\w{0,4})?")


def find_refusal(name: str) -> str | None:
    """Return why programs of recipients refuse a file or do not open it, by its name.

    ``program``, ``hidden`` (characters that are not shown), ``path`` (characters that no file may
    have), ``kind`` (no extension) or ``long``; None for nothing.
    """
    shown = name.strip().rstrip(". ")
    parts = [part.strip().lower() for part in shown.split(".")[1:]]
    kind = parts[-1] if parts else ""
    inner = parts[-2] if len(parts) > 1 and kind in ARCHIVES else ""
    if kind in REFUSED or inner in REFUSED:
        return "program"
    if any(map(is_hidden, name)) or LONG_BLANK.search(name):
        return "hidden"
    if NOT_IN_NAMES & set(name) or RESERVED.match(name) or name != name.strip().rstrip("."):
        return "path"
    if not KIND.fullmatch(kind) or (shown.startswith(".") and len(parts) == 1):
        return "kind"
    return "long" if len(name) > MAX_NAME else None
