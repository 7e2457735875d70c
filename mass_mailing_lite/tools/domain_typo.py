"""Domains that are probably a large provider of mailboxes, mistyped: ``gmial.com``, ``yahoo.con``.

It asks nobody, and prefers to miss a mistake: a real domain that looks like one would be a
company whose customers are warned of for nothing. So a name is taken for a mistake only where a
finger slipped as fingers do: two letters exchanged, one missing or doubled, or a key beside the right
one. Names of fewer than five letters are not compared at all, since nearly all their neighbours are
real (``gmx.net`` and ``gme.net``, ``web.de`` and ``wes.de``).
"""

from functools import cache

# Providers with a name of five letters or more, and the endings under which they have mailboxes.
PROVIDERS = {
    "gmail": {"com"},
    "googlemail": {"com"},
    "hotmail": {
        "com", "at", "be", "ch", "cl", "co.uk", "com.ar", "com.br", "com.tr", "de", "dk", "es", "fr",
        "gr", "it", "nl", "no", "se",
    },
    "outlook": {
        "com", "at", "be", "cl", "co", "com.ar", "com.br", "de", "dk", "es", "fr", "ie", "it", "jp",
        "pt",
    },
    "yahoo": {
        "com", "ca", "co.id", "co.in", "co.jp", "co.uk", "com.ar", "com.au", "com.br", "com.mx", "de",
        "es", "fr", "gr", "ie", "in", "it", "pl", "ro", "se",
    },
    "icloud": {"com"},
    "protonmail": {"com", "ch"},
    "rocketmail": {"com"},
    "yandex": {"ru", "com", "by", "kz", "ua"},
    "rambler": {"ru"},
    "t-online": {"de"},
    "wanadoo": {"fr", "es"},
    "laposte": {"net"},
    "comcast": {"net"},
    "verizon": {"net"},
    "bellsouth": {"net"},
    "sbcglobal": {"net"},
}  # fmt: skip

# Providers with a short name under .com: only their ending is compared.
SHORT = {"aol", "fastmail", "gmx", "live", "mac", "mail", "me", "msn", "ymail"}

# Endings that nobody can register, and that are .com or .net with a slip.
NO_ENDINGS = {
    "con": "com", "comm": "com", "cim": "com", "cpm": "com", "vom": "com", "xom": "com", "ocm": "com",
    "cmo": "com", "coom": "com", "ccom": "com", "cok": "com", "coj": "com", "c0m": "com",
    "clm": "com", "ckm": "com", "dom": "com", "con.com": "com", "com.com": "com", "om.com": "com",
    "nte": "net", "ney": "net", "ner": "net", "nett": "net",
}  # fmt: skip
# Endings of countries that are .com with a slip too, for providers without mailboxes there.
COUNTRY_ENDINGS = {"co": "com", "cm": "com", "om": "com", "cc": "com"}

# Mistakes of other kinds that are frequent.
OTHERS = {
    "gmaik": "gmail", "gemail": "gmail", "gimail": "gmail", "g-mail": "gmail", "gmailc": "gmail",
    "gmall": "gmail", "gmael": "gmail", "gmeil": "gmail", "gmale": "gmail", "gmile": "gmail",
    "gmailcom": "gmail", "googelmail": "googlemail", "goglemail": "googlemail",
    "hotmaill": "hotmail", "hotmeil": "hotmail", "hotmale": "hotmail", "hotmial": "hotmail",
    "hotmailcom": "hotmail", "hot-mail": "hotmail", "htomail": "hotmail", "hotamil": "hotmail",
    "outlouk": "outlook", "outluk": "outlook", "outlock": "outlook", "autlook": "outlook",
    "outllok": "outlook", "out-look": "outlook",
    "yahho": "yahoo", "yahooo": "yahoo", "yaaho": "yahoo", "jahoo": "yahoo", "yhaoo": "yahoo",
    "iclould": "icloud", "icloude": "icloud", "icould": "icloud", "i-cloud": "icloud",
    "tonline": "t-online", "t-onlin": "t-online", "yandeks": "yandex",
}  # fmt: skip

# Real names that the rules would take for a mistake.
REAL = {"gail", "ramble"}

_ROWS = ("1234567890-", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def suggest(domain: str) -> str:
    """Return the domain that was probably meant, empty where there is no mistake to see.

    :param domain: in its canonical form
    """
    name, _dot, ending = domain.partition(".")
    right_name = name if name in PROVIDERS or name in SHORT else _get_right_name(name)
    if not right_name:
        return ""
    right_ending = _get_right_ending(right_name, ending)
    if not right_ending or (right_name, right_ending) == (name, ending):
        return ""
    return f"{right_name}.{right_ending}"


@cache
def get_names() -> frozenset[str]:
    """Return all first labels of domains that ``suggest`` may have something to say about."""
    return frozenset({*PROVIDERS, *SHORT, *OTHERS, *_get_slips()})


def _get_right_ending(name: str, ending: str) -> str:
    endings = PROVIDERS.get(name) or {"com"}
    if ending in endings:
        return ending
    if name in SHORT:
        right = NO_ENDINGS.get(ending, "")
    else:
        right = NO_ENDINGS.get(ending) or COUNTRY_ENDINGS.get(ending, "")
    return right if right in endings else ""


def _get_right_name(name: str) -> str:
    if name in REAL:
        return ""
    return OTHERS.get(name) or _get_slips().get(name, "")


@cache
def _get_slips() -> dict[str, str]:
    """Return {mistyped name: name} of all names of providers."""
    slips: dict[str, str] = {}
    for name in PROVIDERS:
        for slip in _slip(name):
            slips.setdefault(slip, name)
    for name in (*PROVIDERS, *SHORT):
        slips.pop(name, None)
    return slips


def _slip(name: str):
    """Yield what becomes of a name when one finger slips."""
    for at, letter in enumerate(name):
        before, after = name[:at], name[at + 1 :]
        if at:  # the first letter is seldom missed
            yield before + after
        yield before + letter + letter + after
        if after:
            yield before + after[0] + letter + after[1:]
        for key in _get_keys_beside(letter):
            if at:
                yield before + key + after
            yield before + letter + key + after
            if at:
                yield before + key + letter + after


@cache
def _get_keys_beside(letter: str) -> str:
    """Return the keys around one on a keyboard, whose rows are moved by half a key."""
    for row, keys in enumerate(_ROWS):
        if (at := keys.find(letter)) < 0:
            continue
        places = [(row, at - 1), (row, at + 1)]
        places += [(row - 1, at), (row - 1, at + 1), (row + 1, at - 1), (row + 1, at)]
        return "".join(
            _ROWS[line][place]
            for line, place in places
            if 0 <= line < len(_ROWS) and 0 <= place < len(_ROWS[line])
        )
    return ""
