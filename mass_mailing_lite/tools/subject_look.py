"""How a subject looks in an inbox: how long it is, and whether it shouts.

Scripts without capital letters (Chinese, Arabic, Hindi …) cannot be written in capitals, and
acronyms are.
"""

import re
import unicodedata

from .blank import is_blank

MAX_COLUMNS = 50  # a phone shows about 40
FILLED_IN = 8  # columns of what stands for a placeholder
MANY_MARKS = 3

# A sentence that is nothing but capitals has this many letters; two acronyms have fewer.
MIN_LETTERS = 7
# Among other words, acronyms are short: several words in capitals, one of them longer than those.
MIN_RUN_LETTERS, LONG_WORD = 9, 5

_PLACEHOLDER = re.compile(r"\{\{[^{}]{0,1000}\}\}")
_WORD = re.compile(r"[^\W_]{1,200}(?:['’`ʼ][^\W_]{1,200}){0,9}")
_RUN = re.compile(r"[!！‼⁉❗❕]{2,9}")
_MARKS = {"!": 1, "！": 1, "❗": 1, "❕": 1, "‼": 2, "⁉": 1}
_SHARP_S = "ß"  # stays as it is in capitals
# Its ordinary letters have the category of capitals.
_CHEROKEE = re.compile(r"[\u13a0-\u13ff\uab70-\uabbf]")


def count_columns(subject: str) -> int:
    """Return the columns that a subject takes; letters of East Asia take two."""
    text = _PLACEHOLDER.sub("x" * FILLED_IN, subject)
    columns = 0
    for char in text:
        if unicodedata.category(char) in ("Mn", "Me", "Cf", "Cc"):
            continue
        columns += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return columns


def count_marks(subject: str) -> int:
    """Return the number of exclamation marks when they are many or side by side, else 0."""
    text = _PLACEHOLDER.sub(" ", subject)
    count = sum(_MARKS.get(char, 0) for char in text)
    return count if count >= MANY_MARKS or _RUN.search(text) or "‼" in text else 0


def is_shouted(subject: str) -> bool:
    """Tell whether a subject, or several words of it, are written in capital letters."""
    text = _CHEROKEE.sub(" ", _PLACEHOLDER.sub(" | ", subject))
    runs: list[list[int]] = [[]]
    has_small, single = False, []
    for word in _WORD.findall(text):
        upper, lower = count_cases(word)
        if upper + lower == 0:
            continue
        if lower or any(map(str.isdigit, word)):
            # "A" and "I" are words, a code such as X7 is none.
            has_small = has_small or lower > 1 or (lower > 0 and upper == 0)
            runs.append([])
        else:
            runs[-1].append(upper)
            single.append(upper)
    if not has_small:
        words = [count for count in single if count > 1]
        return sum(single) >= MIN_LETTERS and bool(words)
    return any(
        len(run) > 1 and sum(run) >= MIN_RUN_LETTERS and max(run) >= LONG_WORD for run in runs
    )


def count_cases(word: str) -> tuple[int, int]:
    """Return how many capital and how many small letters a word has."""
    upper = lower = 0
    for char in word:
        category = unicodedata.category(char)
        if category in ("Lu", "Lt"):
            upper += 1
        elif category == "Ll" and char != _SHARP_S:
            lower += 1
    return upper, lower


def has_preview(text: str) -> bool:
    """Tell whether a preview text shows anything."""
    return not is_blank(text)
