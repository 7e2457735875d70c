"""First name, surname and patronymic, read from a name that was typed in one field.

Where the rules are not sure, the parts are empty: a message then shows the fallback of its
placeholder, which is better than a wrong name. All rules look at one name of at most
``MAX_NAME`` characters.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from .first_names import (
    ALSO_SURNAMES,
    AND,
    COMPANY_FORMS,
    CYRILLIC_NAMES,
    DEGREES,
    DEVOTIONS,
    FIRST_NAMES,
    HEADS,
    MAYBE_AND,
    NOT_PEOPLE,
    PAIRS,
    PARTICLES,
    PATRONYMIC_STEMS,
    SHORT_DEGREES,
    SHORT_FORMS,
    SPANISH_SURNAMES,
    SPECIAL,
    SURNAMES_AHEAD,
    TITLES,
    TITLES_BEFORE_FIRST,
    TRADERS,
    TWO_SURNAMES,
    fold,
)

MAX_NAME = 100  # characters; longer ones are no names of people
MAX_WORDS = 7

# Fields of a contact that say the parts themselves, such as those of OCA's partner_firstname and
# partner_second_lastname. Where a contact has one of the first two filled, no rule is asked.
FIRST, LAST, LAST_2 = "firstname", "lastname", "lastname2"

#: {field of a contact, for placeholders: attribute of ``PersonName``}
PARTS = {
    "partner_mailing_first_name": "first",
    "partner_mailing_surname": "surname",
    "partner_mailing_formal_name": "formal",
}

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_NO_NAME = re.compile(r"[\d@/\\|+&;:<>=#*_%$€!?{}\[\]~^]|\bwww\.")
# In brackets or quotation marks: a nickname, a maiden name, a company.
_ASIDE = re.compile(
    r"\([^()]*\)|\"[^\"]*\"|«[^«»]*»|[“”„][^“”„]*[“”]|(?<!\w)['‘’][^'‘’]{1,30}['‘’](?!\w)"
)
_GLUED = re.compile(r"(\w\w\.)(?=\w\w)")  # Dr.Anna
# As nearly all in Spain write María and Francisco.
_SHORTENED = re.compile(r"\b(?:M\.?ª|F(?:ran)?co\b)\.?(?!\w)")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’ʼ‐‑][^\W\d_]+)*")
_INITIALS = re.compile(r"(?:[^\W\d_]\.?-?){1,3}")
_OTHER_SCRIPT = re.compile("[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# Of folded words: й is и, ї is і, ё is е.
_HERS = re.compile(r".{2,}(?:овна|евна|івна|ична|ауна|еуна)")
_HIS = re.compile(
    r".{2,}(?:ович|евич|овіч|авіч|евіч)|ильич|кузьмич|лукич|фомич|никитич|саввич|ілліч"
)
_STEM = re.compile(r"(.{2,}?)(?:и|і)?(?:ович|евич|иович|ійович)")
_OF_FATHER = frozenset({"оглы", "оглу", "кызы", "гызы", "угли", "кизи"})
_HIS_LATIN = re.compile(r".{2,}(?:ovich|evich|ovych|yovych)")
_HERS_LATIN = re.compile(r".{2,}(?:ovna|evna|ivna|yivna)")
_CYRILLIC_SURNAME = re.compile(
    r".{2,}(?:ов|ова|ев|ева|ин|ина|ын|ына|скии|ская|цкии|цкая|ськии|ська|цькии|цька|зькии|зька"
    r"|енко|чук|юк|ук|няк|ець|ых|их|дзе|швили|швілі|шин|ко|янц)"
)
_LATIN_SURNAME = re.compile(
    r".{2,}(?:ski|ska|sky|skyi|cki|cka|dzki|dzka|wicz|czyk|czuk|chuk|enko|ov|ova|ev|eva|mann|ez|escu"
    r"|opoulos)"
)


class PersonName(NamedTuple):
    """The parts of a name; empty where they are not known.

    :ivar first: first name, perhaps of two words, as one writes to a friend
    :ivar surname: surname, or both of them
    :ivar formal: first name and patronymic, the first name alone where there is no patronymic
    :ivar is_sure: whether the rules could tell; True for a company, which has no first name
    """

    first: str = ""
    surname: str = ""
    formal: str = ""
    is_sure: bool = True


NOBODY = PersonName()
UNSURE = PersonName(is_sure=False)


def read_contact(values: Mapping[str, Any]) -> PersonName:
    """Return the parts of the name of a contact.

    :param values: its fields by name: ``name``, ``is_company``, and those that say the parts, if any
    """
    if values.get("is_company"):
        return NOBODY
    first, last = (str(values.get(part) or "").strip() for part in (FIRST, LAST))
    if not (first or last):
        return read_name(values.get("name") or "")
    if second := str(values.get(LAST_2) or "").strip():
        last = f"{last} {second}".strip()
    given, _space, patronymic = first.partition(" ")
    if patronymic and _is_patronymic(fold(patronymic)):
        return PersonName(given, last, first)
    return PersonName(first, last, first)


@lru_cache(maxsize=2048)
def read_name(name: str) -> PersonName:
    """Return the parts of the name of a person, in any usual order."""
    if len(name) > MAX_NAME:
        return UNSURE
    if found := _read_ordinary(name):
        return found
    text = " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", name)).split())
    if not text:
        return NOBODY
    if any(map(_is_company_form, text.replace(",", " ").split())):
        return NOBODY
    if _NO_NAME.search(text) or _OTHER_SCRIPT.search(text):
        return UNSURE
    text = _SHORTENED.sub(_lengthen, _GLUED.sub(r"\1 ", _ASIDE.sub(" ", text)))
    is_one_case = text.isupper() or text.islower()
    head, *tail = (part.split() for part in text.split(","))
    parts = [head, *(words for words in tail if not all(map(_is_degree, words)))]
    if len(parts) > 2 or sum(map(len, parts)) > MAX_WORDS or _has_two_people(parts):
        return UNSURE
    parts = [
        [_capitalize(word) if is_one_case or word.islower() else word for word in words]
        for words in parts
    ]
    return _read_surname_first(*parts) if len(parts) == 2 else _read_in_order(parts[0])


def _read_ordinary(name: str) -> PersonName | None:
    """Return the parts of "Anna Smith", as most names are; None for all others.

    2 µs, where the rules take 20: a message is filled in 30.
    """
    first, _space, surname = name.partition(" ")
    if not (
        len(first) > 1
        and name.istitle()
        and first.isalpha()
        and surname.isalpha()
        and len(surname) > 2
    ):
        return None
    if not name.isascii() and _CYRILLIC.search(name):
        return None
    one, two = fold(first), fold(surname)
    if (
        two not in FIRST_NAMES
        and one not in SPECIAL
        and two not in SPECIAL
        and (one, two) not in PAIRS
    ):
        return PersonName(first, surname, first)
    return None


def _has_two_people(parts: list[list[str]]) -> bool:
    """Tell whether a word for "and" stands between two people, and not between two surnames."""
    for words in parts:
        folded = [fold(word) for word in words]
        if not AND.isdisjoint(folded):
            return True
        for place, word in enumerate(folded):
            if word in MAYBE_AND and (
                place < 2 or place != len(folded) - 2 or _is_known(folded[-1])
            ):
                return True
    return False


def _read_surname_first(surname: list[str], given: list[str]) -> PersonName:
    """Return the parts of "Surname, First"."""
    surname, _title = _without_titles(surname)
    given, _title = _without_titles(given)
    if not surname or not given or not _are_words(surname + given):
        return UNSURE
    while len(given) > 1 and fold(given[-1]) in PARTICLES:
        surname.insert(0, given.pop())
    last = " ".join(surname)
    if _is_initial(given[0]):
        return UNSURE._replace(surname=last)
    is_name = _is_known if len(surname) > 1 else _is_first
    if is_name(fold(surname[0])) and not _is_known(fold(given[0])):
        return UNSURE  # Anna Smith, Berlin
    if len(given) == 2 and _is_patronymic(fold(given[1])):
        return PersonName(given[0], last, " ".join(given))
    first = " ".join(given[: _count_given(given)])
    return PersonName(first, last, first)


def _read_in_order(words: list[str]) -> PersonName:
    """Return the parts of a name without a comma."""
    words, has_title = _without_titles(words)
    is_trader = bool(words) and fold(words[0]) in TRADERS
    words = words[is_trader:]
    if not words or not _are_words(words):
        return UNSURE
    folded = [fold(word) for word in words]
    if not NOT_PEOPLE.isdisjoint(folded):
        return UNSURE
    if len(words) == 1:
        if all(map(_is_first, folded[0].split("-"))):
            return PersonName(words[0], "", words[0])
        return PersonName(surname=words[0]) if has_title else UNSURE
    if _CYRILLIC.search(words[0]):
        found = _read_cyrillic(words, folded)
        return UNSURE if is_trader and found.formal == found.first else found
    return _read_capitals(words) or _read_latin(words, folded)


# ------------------------------------------------------------
# Latin
# ------------------------------------------------------------


def _read_capitals(words: list[str]) -> PersonName | None:
    """Return the parts of a name whose surname alone is in capitals, as in France; None otherwise."""
    capitals = [word.isupper() and not _is_initial(word) for word in words]
    count = sum(capitals)
    if not count or count == len(words):
        return None
    # DE GAULLE Charles, Charles de GAULLE.
    begin, end = capitals.index(True), len(words) - capitals[::-1].index(True)
    while begin and fold(words[begin - 1]) in PARTICLES:
        begin -= 1
    if begin and end < len(words):
        return None
    given = words[:begin] or words[end:]
    if not given or _is_initial(given[0]) or (not begin and not _is_known(fold(given[0]))):
        return UNSURE
    surname = " ".join(
        word.lower() if fold(word) in PARTICLES else _capitalize(word) for word in words[begin:end]
    )
    first = " ".join(given[: _count_given(given)])
    return PersonName(first, surname, first)


def _read_latin(words: list[str], folded: list[str]) -> PersonName:
    if _is_initial(words[0]):
        # J. Smith, J. Edgar Hoover: the initial is what the person signs with, no name.
        rest = [word for word in words[1:] if not _is_initial(word)]
        return UNSURE._replace(surname=rest[0] if len(rest) == 1 else "")
    if folded[0] in SURNAMES_AHEAD or folded[0] in PARTICLES:
        return UNSURE
    if found := _read_latin_patronymic(words, folded):
        return found
    if not _is_known(folded[0]) and _is_first(folded[-1]):
        return _read_reversed(words, folded)
    if _is_initial(words[-1]):
        # Anna S.; but Smith J. has the surname first.
        if not _is_first(folded[0]):
            return UNSURE
        first = " ".join(words[: _count_given(words[:-1])])
        return PersonName(first, "", first)
    count = _count_given(words)
    first = " ".join(words[:count])
    return PersonName(first, _join_surname(words[count:], folded), first)


def _read_latin_patronymic(words: list[str], folded: list[str]) -> PersonName | None:
    """Return the parts of a Russian or Ukrainian name in Latin letters; None for others."""
    if len(words) != 3:
        return None
    one, two, three = words
    if _HERS_LATIN.fullmatch(folded[1]) or _HIS_LATIN.fullmatch(folded[1]):
        return PersonName(one, three, f"{one} {two}")
    if _HERS_LATIN.fullmatch(folded[2]) or (
        _HIS_LATIN.fullmatch(folded[2]) and _LATIN_SURNAME.fullmatch(folded[0])
    ):
        return PersonName(two, one, f"{two} {three}")
    return None


def _read_reversed(words: list[str], folded: list[str]) -> PersonName:
    """Return the parts of a name that seems to end in the first name: Kowalska Anna."""
    count = 0
    while count < len(words) and (
        _LATIN_SURNAME.fullmatch(folded[count]) or folded[count] in SPANISH_SURNAMES
    ):
        count += 1
    if not count or not all(map(_is_known, folded[count:])):
        return UNSURE
    first = " ".join(words[count:][: _count_given(words[count:])])
    return PersonName(first, " ".join(words[:count]), first)


def _count_given(words: list[str]) -> int:
    """Return of how many words the first name is; they begin with it."""
    folded = [fold(word) for word in words[:5]]
    if folded[0] in HEADS or folded[0] in ("m", "ma"):
        place = 1
        while place < len(folded) and folded[place] in ("de", "del", "la", "los", "las"):
            place += 1
        if 1 < place < len(folded) and folded[place] in DEVOTIONS and len(words) > place + 1:
            return place + 1
    pair = tuple(folded[:2])
    is_pair = pair in PAIRS or (pair[0] in HEADS and _is_first(pair[-1]))
    return 2 if len(pair) == 2 and is_pair else 1


def _join_surname(words: list[str], folded: list[str]) -> str:
    """Return the surname of what follows the first name; empty where middle names are possible.

    :param folded: the whole name
    """
    while len(words) > 1 and (_is_initial(words[0]) or _is_first(fold(words[0]))):
        words = words[1:]
    if len(words) < 2 or fold(words[0]) in PARTICLES:
        return " ".join(words)
    if folded[0] in TWO_SURNAMES or any(
        word in SPANISH_SURNAMES or word.endswith("ez") for word in folded[1:]
    ):
        return " ".join(words)
    for place, word in enumerate(words[:-1]):
        if fold(word) in PARTICLES:
            return " ".join(words[place:])
    return ""


# ------------------------------------------------------------
# Cyrillic
# ------------------------------------------------------------


def _read_cyrillic(words: list[str], folded: list[str]) -> PersonName:
    if folded[-1] in _OF_FATHER and len(words) > 2:
        words = [*words[:-2], " ".join(words[-2:])]
        father = len(words) - 1
        if father == 1:
            return PersonName(words[0], "", " ".join(words))
        return PersonName(words[-2], " ".join(words[:-2]), " ".join(words[-2:]))
    if len(words) > 2 and _is_initial(words[-1]) and not any(map(_is_initial, words[:-1])):
        words, folded = words[:-1], folded[:-1]
    if any(map(_is_initial, words)):
        rest = [word for word in words if not _is_initial(word)]
        return UNSURE._replace(surname=rest[0] if len(rest) == 1 else "")
    fathers = [place for place, word in enumerate(folded) if _is_patronymic(word)]
    if len(words) == 2:
        return _read_two_cyrillic(words, folded, fathers)
    if 1 in fathers:
        # Иван Петрович Иванов; a surname may look like a patronymic (Абрамович).
        return PersonName(words[0], " ".join(words[2:]), " ".join(words[:2]))
    if len(words) - 1 in fathers:
        *surname, first, patronymic = words
        if len(words) == 3 and _is_cyrillic(folded[0]) and not _is_cyrillic(folded[1]):
            surname, first = [first], surname[0]
        return PersonName(first, " ".join(surname), f"{first} {patronymic}")
    if len(words) == 3 and not fathers:
        if _is_cyrillic(folded[0]) and not _is_cyrillic(folded[2]):
            return PersonName(words[0], words[2], words[0])
        if _is_cyrillic(folded[1]) and _CYRILLIC_SURNAME.fullmatch(folded[0]):
            return PersonName(words[1], words[0], words[1])
    return UNSURE


def _read_two_cyrillic(words: list[str], folded: list[str], fathers: list[int]) -> PersonName:
    one, two = words
    stem = _STEM.fullmatch(folded[1])
    if fathers == [1] and (not stem or stem[1] in PATRONYMIC_STEMS):
        return PersonName(one, "", f"{one} {two}")
    known = [_is_cyrillic(word) for word in folded]
    if not any(known):
        known = [not _CYRILLIC_SURNAME.fullmatch(word) for word in folded]
    if known == [True, False]:
        return PersonName(one, two, one)
    if known == [False, True]:
        return PersonName(two, one, two)
    return UNSURE


def _is_cyrillic(word: str) -> bool:
    """Tell whether a folded word, or its part before a hyphen, is a first name in Cyrillic."""
    return word.partition("-")[0] in CYRILLIC_NAMES


def _is_patronymic(word: str) -> bool:
    """Tell whether a folded word in Cyrillic may be a patronymic."""
    return bool(_HIS.fullmatch(word) or _HERS.fullmatch(word))


# ------------------------------------------------------------
# Words
# ------------------------------------------------------------


def _without_titles(words: list[str]) -> tuple[list[str], bool]:
    """Return the words without titles before and degrees behind, and whether there were titles."""
    words, count = list(words), len(words)
    while words and _is_title(words):
        del words[0]
    has_title = len(words) < count
    while len(words) > 1 and _is_degree(words[-1]):
        del words[-1]
    return words, has_title


def _is_title(words: list[str]) -> bool:
    """Tell whether words begin with a title."""
    key = _key(words[0])
    if key in TITLES_BEFORE_FIRST:
        return len(words) > 1 and (
            _is_known(fold(words[1])) or (len(words) == 2 and words[0] in ("Fr.", "M."))
        )
    return key in TITLES or key.startswith(("dipl", "drrer", "univ"))


def _is_degree(word: str) -> bool:
    key = _key(word)
    return key in DEGREES and (key not in SHORT_DEGREES or word.isupper() or "." in word)


def _is_company_form(word: str) -> bool:
    key = _key(word)
    return key in COMPANY_FORMS or (key in SHORT_FORMS and (word.isupper() or "." in word))


def _lengthen(match: re.Match[str]) -> str:
    return "María" if match[0].startswith("M") else "Francisco"


def _key(word: str) -> str:
    return fold(word).replace(".", "").replace("-", "")


def _is_initial(word: str) -> bool:
    """Tell whether a word is one of initials: J, J., J.R.R., JP, J.-P."""
    return bool(_INITIALS.fullmatch(word)) and (
        "." in word or len(word) == 1 or (len(word) == 2 and word.isupper())
    )


def _are_words(words: list[str]) -> bool:
    """Tell whether each is a word of letters, or initials."""
    return all(_WORD.fullmatch(word) or _is_initial(word) or fold(word) == "st." for word in words)


def _is_known(word: str) -> bool:
    """Tell whether a folded word, or its part before a hyphen, is a first name."""
    head = word.partition("-")[0]
    return head in FIRST_NAMES or head in ALSO_SURNAMES or head in CYRILLIC_NAMES


def _is_first(word: str) -> bool:
    """Tell whether a folded word is a first name and hardly ever a surname."""
    head = word.partition("-")[0]
    return head in FIRST_NAMES or head in CYRILLIC_NAMES


def _capitalize(word: str) -> str:
    """Return a word of one case as a name is written: O'Brien, Мар'яна, Anna-Lena."""
    folded = fold(word)
    if folded in PARTICLES or folded in MAYBE_AND or folded in _OF_FATHER:
        return word.lower()
    parts = []
    for part in word.split("-"):
        if len(part) > 2 and part[1] in "'’" and part.isascii():
            parts.append(part[:2].upper() + part[2:].capitalize())
        else:
            parts.append(part.capitalize() if "." not in part else part.upper())
    return "-".join(parts)
