"""Characters that no line of text may have, and characters that nobody sees.

All modules take these sets from here, so that what one of them refuses, another one does not accept.
"""

import re

# Line breaks of all kinds, other control characters, and halves of surrogate pairs, which neither
# UTF-8 nor a database stores. C1 controls (U+0080 to U+009F) include U+0085, a line break.
CONTROL_RANGES = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
CONTROL = re.compile(f"[{CONTROL_RANGES}]")

# Joiners are invisible, and distinguish domains in some scripts (RFC 5892, appendix A).
JOINERS = "\u200c\u200d"
# Unicode's category Cf, and its other code points that are ignored in display
# (Default_Ignorable_Code_Point): fillers, variation selectors, tags. And the object replacement
# character, which stands for what a text field could not paste.
INVISIBLE_RANGES = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffc\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)


def _characters(ranges):
    """Return the characters of ranges, which are written as in a regular expression."""
    return "".join(
        chr(code)
        for first, last in re.findall("(.)(?:-(.))?", ranges)
        for code in range(ord(first), ord(last or first) + 1)
    )


# Unicode's categories Zs, Zl and Zp without the blank, and the Braille pattern without dots.
SPACES = _characters("\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000")
BLANKS = f" \t\n\v\f\r{SPACES}"
# A field that has nothing else is empty. Without the planes that nobody types, some 200 characters.
EMPTY = f"{BLANKS}{JOINERS}{_characters(INVISIBLE_RANGES[: INVISIBLE_RANGES.index(chr(0x110BD))])}"
INVISIBLE = frozenset(EMPTY).union(_characters(INVISIBLE_RANGES))
