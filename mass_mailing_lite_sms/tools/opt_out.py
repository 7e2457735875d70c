"""Whether a text says how to get no more messages."""

import re
import unicodedata

# In the placeholder of the short link that unsubscribes.
LINK = "partner_mailing_unsubscribe_url"
# The keywords that texts name, in our languages; without accents.
WORDS = frozenset({
    "stop", "stopp", "unsubscribe", "optout", "abmelden", "abbestellen", "arret", "desabonner",
    "desinscription", "baja", "wypisz", "rezygnacja", "стоп", "отписка", "отписаться", "стіп",
    "відписка", "відписатися",
})  # fmt: skip
_WORD = re.compile(r"[^\W\d_]{1,40}")


def has_opt_out(text: str) -> bool:
    """Tell whether a text has the link that unsubscribes, or names a word to answer with."""
    if LINK in text:
        return True
    return any(_normalize(word) in WORDS for word in _WORD.findall(text))


def _normalize(word):
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
