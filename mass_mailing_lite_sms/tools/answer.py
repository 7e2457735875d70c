"""What an SMS that a recipient sends back asks for, by its first word."""

import enum
import re
import unicodedata

# Keywords of networks and providers (CTIA Messaging Principles, section 5.1.3; Twilio's default
# keywords), and what readers of our languages write. In the form that ``_normalize`` returns.
STOP_WORDS = frozenset({
    # English
    "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke", "remove",
    # German
    "stopp", "abmelden", "abbestellen",
    # French
    "arret", "arreter", "desabonner", "desabonnement", "desinscrire", "desinscription",
    # Spanish and Portuguese
    "baja", "parar", "alto", "cancelar", "desuscribir", "sair",
    # Polish
    "wypisz", "rezygnacja", "rezygnuje", "anuluj",
    # Russian
    "стоп", "отписка", "отписаться", "отпишите", "отмена",
    # Ukrainian
    "стіп", "відписка", "відписатися", "відпишіть", "скасувати",
})  # fmt: skip
# Those that are ordinary words in a text, so that they do not say how to answer.
EVERYDAY_WORDS = frozenset({
    "cancel", "end", "quit", "revoke", "remove", "parar", "alto", "cancelar", "sair", "anuluj",
    "rezygnuje", "arreter", "отпишите", "отмена", "відпишіть", "скасувати",
})  # fmt: skip
START_WORDS = frozenset({"start", "unstop", "optin", "старт"})

MAX_TEXT = 1600  # characters; Twilio takes no longer message
_LOOKED_AT = 200
_LETTERS = re.compile(r"[^\W\d_]+")


class AnswerKind(enum.StrEnum):
    """What an answer asks for."""

    STOP = "stop"
    START = "start"
    REPLY = "reply"


def clean_answer(text: str) -> str:
    """Return a text as it is kept: bounded, with line feeds and no other control characters."""
    text = text[: 2 * MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    kept = (sign for sign in text if sign == "\n" or unicodedata.category(sign)[0] != "C")
    return "".join(kept).strip()[:MAX_TEXT]


def read_answer(text: str) -> AnswerKind:
    """Return what a text asks for; only its first word counts.

    Case, accents, punctuation and invisible characters do not matter: ``«St.op»!`` is ``STOP``.
    """
    words = _normalize(text[:_LOOKED_AT]).split()
    first = next((word for word in words if any(map(str.isalpha, word))), "")
    letters = _LETTERS.findall(first)
    # "STOP,please" begins with the word, "S.T.O.P" has it when all else is dropped.
    for word in (*letters[:1], "".join(letters)):
        if word in STOP_WORDS:
            return AnswerKind.STOP
        if word in START_WORDS:
            return AnswerKind.START
    return AnswerKind.REPLY


def names_stop_word(text: str) -> bool:
    """Tell whether a text that is sent names a word with which its reader can unsubscribe."""
    words = _LETTERS.findall(_normalize(text))
    return not (STOP_WORDS - EVERYDAY_WORDS).isdisjoint(words)


def is_single_word(text: str) -> bool:
    """Tell whether a text says nothing but one word."""
    words = _normalize(text[: 2 * MAX_TEXT]).split()
    return sum(any(map(str.isalnum, word)) for word in words) <= 1


def _normalize(text: str) -> str:
    """Return a text in small letters, without accents and without what cannot be seen."""
    decomposed = unicodedata.normalize("NFKD", text)
    kept = []
    for sign in decomposed:
        category = unicodedata.category(sign)
        if category[0] == "M" or category in ("Cf", "Co", "Cn", "Cs"):
            continue  # accents, variation selectors, zero-width signs
        kept.append(" " if category == "Cc" or category[0] == "Z" else sign)
    return "".join(kept).casefold()
