"""In which encoding a text file is; the whole file is looked at.

What decides, in this order: a byte order mark; zero bytes beside each @, which is UTF-16; UTF-8, in
which a text of another encoding is all but never valid; then the letters. A file of UTF-8 with a few
lines of another encoding, as when two exports were joined, is read line by line.

For the letters, several ways were measured on 246 files of addresses: names of 20 languages in 41
encodings, in one row, in 5 and in 60, each also behind 3,000 rows of ASCII. Read without a mistake:

==================================================  =====================
way                                                 files read as written
==================================================  =====================
chardet 5.2 (the version that Odoo pins), 64 kB     71
chardet 5.2, the whole file                         141, up to 2.2 s each
charset-normalizer 3.5, the whole file              89
charset-normalizer 3.5, lines that are not ASCII    149
chardet 5.2, lines that are not ASCII               144
chardet 7.7 (the newest), lines that are not ASCII  213
letters of languages as here, then chardet 5.2      227
the same, then chardet 7.7                          234
the same with the user's language, chardet 5.2      239
==================================================  =====================

The libraries know texts; a list of contacts is names and cities, often with a single letter that is
not ASCII. Which letters a language has is enough for them: *Jörg* is German in Windows-1252, and a
Latin word with a Cyrillic letter in it in Windows-1251. Chinese, Japanese, Korean and Thai, and what
fits no language, are left to chardet, which each Odoo has; charset-normalizer is not in each.
"""

import codecs
import itertools
import re
from collections import Counter

import chardet

WESTERN = ("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíóúüñçàèò", "áâãàçéêíóôõú", "åäöé", "åæøéóòôü", "àèéìîòù")
CENTRAL = (
    "ąćęłńóśźż",
    "áčďéěíňóřšťúůýž",
    "áäčďéíĺľňóôŕšťúýž",
    "áéíóöőúüű",
    "ăâîşţ",
    "čćđšž",
)
CYRILLIC = (
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "абвгдђежзијклљмнњопрстћуфхцчџш",
)
GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",)
# Letters of languages that an encoding is used for. The first of several that fit is taken.
LETTERS = {
    "cp1252": WESTERN,
    "cp1250": CENTRAL,
    "cp1251": CYRILLIC,
    "cp1254": ("âçğıöşüî",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
    "cp1253": GREEK,
    "cp1255": ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",),
    "cp1256": ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ",),
    "koi8_u": CYRILLIC[:2],
    "iso8859_2": CENTRAL,
    "iso8859_15": WESTERN,
    "iso8859_7": GREEK,
    "mac_roman": WESTERN,
    "cp850": WESTERN,
    "cp852": CENTRAL,
    "cp866": CYRILLIC[:1],
    "mac_cyrillic": CYRILLIC,
    "iso8859_5": CYRILLIC,
}
# Languages of users, and the encodings that their files are in before all others.
OF_LANGUAGE = {
    **dict.fromkeys(("pl", "cs", "sk", "hu", "ro", "sl", "hr", "bs"), ("cp1250", "cp852")),
    **dict.fromkeys(("ru", "uk", "be", "bg", "sr", "mk", "kk"), ("cp1251", "koi8_u")),
    "el": ("cp1253",),
    "tr": ("cp1254",),
    "az": ("cp1254",),
    **dict.fromkeys(("lt", "lv", "et"), ("cp1257",)),
    "he": ("cp1255",),
    **dict.fromkeys(("ar", "fa"), ("cp1256",)),
    "ja": ("cp932", "euc_jp"),
    "zh": ("gb18030", "big5"),
    "zh_TW": ("big5", "gb18030"),
    "zh_HK": ("big5", "gb18030"),
    "ko": ("cp949",),
    "th": ("cp874",),
}
# What is offered to a person, besides those that have letters.
UNICODE = ("utf_8", "utf_16", "utf_16_le", "utf_16_be")
ASIAN = ("cp932", "euc_jp", "gb18030", "big5", "cp949", "cp874")
OFFERED = (*UNICODE, *LETTERS, *ASIAN)
# Names by which chardet means one of those: each holds all that the other has.
SAME = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift_jis_2004": "cp932",
    "euc_jis_2004": "euc_jp",
    "euc_kr": "cp949",
    "big5hkscs": "big5",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "koi8-r": "koi8_u",
    "iso8859-13": "cp1257",
    "iso8859-8": "cp1255",
    "iso8859-6": "cp1256",
}
# Byte order marks; that of UTF-32 begins like that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
LINES_TO_GUESS_FROM = 2_000  # of those that are not ASCII, from all of the file
LINE_TO_GUESS_FROM = 2_000  # bytes of a line that is taken whole
FITS = 0.1  # share of characters that may be wrong before the letters do not decide
WORD = re.compile(r"[^\W\d_]+")
SIGNS = frozenset("’‘“”–—„«»·°ªº´©®€№…\u00a0")
NON_ASCII = re.compile(rb"[\x80-\xff]")


def guess(data, language=""):
    """Return the encoding of a file, one of ``OFFERED`` or a Unicode one, by Python's name.

    :param language: of the user, as ``de_DE``; decides where two encodings fit alike
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding
    if utf_16 := _guess_utf_16(data):
        return utf_16
    if data.isascii() or _is_mostly_utf_8(data):
        return "utf_8"
    return _guess_by_letters(_sample(data), language)


def decode(data, encoding, language=""):
    """Return ``(text, number of characters without meaning, numbers of lines read differently)``.

    A line that is not in the encoding is read in the one that is guessed for such lines.
    """
    for mark, marked in MARKS:
        if data.startswith(mark) and encoding.startswith(marked):
            data, encoding = data[len(mark) :], _with_byte_order(mark, marked)
            break
    try:
        return data.decode(encoding), 0, []
    except UnicodeDecodeError:
        if encoding != "utf_8":
            text = data.decode(encoding, "replace")
            return text, text.count("\N{REPLACEMENT CHARACTER}"), []
    lines = data.split(b"\n")
    others = [number for number, line in enumerate(lines) if not _is_utf_8(line)]
    other = _guess_by_letters(_sample(b"\n".join(lines[number] for number in others)), language)
    texts = [line.decode("utf_8", "ignore") for line in lines]
    for number in others:
        texts[number] = lines[number].decode(other, "replace")
    text = "\n".join(texts)
    return text, text.count("\N{REPLACEMENT CHARACTER}"), [number + 1 for number in others]


def _with_byte_order(mark, encoding):
    if encoding == "utf_8":
        return encoding
    return f"{encoding}_{'le' if mark[0] == 0xFF else 'be'}"


def _guess_utf_16(data):
    """Return UTF-16 and its byte order when zero bytes stand beside characters of ASCII."""
    if b"\0" not in data or len(data) % 2:
        return None
    head = data[: 64 * 1024]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 8 or min(even, odd) * 10 > max(even, odd):
        return None
    encoding = "utf_16_le" if odd > even else "utf_16_be"
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return encoding


def _is_utf_8(data):
    try:
        data.decode("utf_8")
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf_8(data):
    """Tell whether all lines that are not ASCII, or most of them, are UTF-8."""
    if _is_utf_8(data):
        return True
    verdicts = Counter(_is_utf_8(line) for line in data.split(b"\n") if not line.isascii())
    return verdicts[True] > verdicts[False]


def _sample(data):
    """Return the lines that are not ASCII, or so many of them from the whole file."""
    lines = [line for line in re.split(rb"[\r\n]", data) if not line.isascii()]
    lines = lines[:: len(lines) // LINES_TO_GUESS_FROM + 1]
    return b"\n".join(map(_shorten, lines))


def _shorten(line):
    """Return of a long line the cells that are not ASCII, as far as they are not long, too."""
    if len(line) <= LINE_TO_GUESS_FROM:
        return line
    cells = [cell for cell in re.split(rb"[,;\t]", line) if not cell.isascii()]
    cells = [cell for cell in cells if len(cell) <= LINE_TO_GUESS_FROM] or [line]
    return b" ".join(cells[:: len(cells) // LINES_TO_GUESS_FROM + 1])[: 100 * LINE_TO_GUESS_FROM]


def _guess_by_letters(sample, language):
    preferred = OF_LANGUAGE.get(language[:5]) or OF_LANGUAGE.get(language[:2]) or ("cp1252",)
    if preferred[0] in ASIAN:
        found = _detect(sample)
        for encoding in (found, *preferred) if found in preferred else preferred:
            if _decodes(sample, encoding):
                return encoding
    order = [*preferred, *LETTERS]
    faults, _place, encoding = min(
        (_count_faults(sample, encoding), order.index(encoding), encoding) for encoding in LETTERS
    )
    if faults <= FITS * max(len(NON_ASCII.findall(sample)), 1):
        return encoding
    found = _detect(sample)
    return found if found in OFFERED and _decodes(sample, found) else encoding


def _detect(sample):
    """Return what chardet says, by the names of this file; None when it does not know."""
    try:
        found = codecs.lookup(chardet.detect(sample)["encoding"] or "").name
    except LookupError:
        return None
    return SAME.get(found, found).replace("-", "_")


def _decodes(data, encoding):
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _count_faults(sample, encoding):
    """Return how many faults a text has in the language, of those of an encoding, that fits best.

    A fault is a letter that the language does not have; twice as much, a sign that is in no name
    and a capital letter behind a small one; three times, a word with letters of two scripts.
    """
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return float("inf")
    others = Counter(char for char in text if not char.isascii())
    words = [word for word in WORD.findall(text) if not word.isascii()]
    faults = 2 * sum(n for char, n in others.items() if not char.isalpha() and char not in SIGNS)
    faults += 2 * sum(_has_capital_inside(word) for word in words)
    if LETTERS[encoding][0][0] > "\u0370":  # no Latin letters
        faults += 3 * sum(any(map(str.isascii, word)) for word in words)
        faults += sum(word[0].islower() for word in words) // 2
    letters = {char: n for char, n in others.items() if char.isalpha()}
    return faults + min(
        sum(n for char, n in letters.items() if char.lower() not in alphabet and char != "İ")
        for alphabet in LETTERS[encoding]
    )


def _has_capital_inside(word):
    """Tell whether a word in small letters has a capital that is not ASCII behind its first letter."""
    return not word.isupper() and any(
        after.isupper() and not (before + after).isascii()
        for before, after in itertools.pairwise(word)
    )
