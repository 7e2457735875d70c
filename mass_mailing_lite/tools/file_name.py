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
