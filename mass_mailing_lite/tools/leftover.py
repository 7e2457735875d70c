"""Placeholders of other programs that were left in a text: ``${name}``, ``[FIRST NAME]``, ``*|FNAME|*``.

Recipients would read them as they are. Some notations mean nothing else and are found whatever is
in them. Those that texts also use otherwise (brackets, braces, single percent signs) are found when
their content is the name of a field: all of its words are in ``_FIELDS`` and ``_BESIDE``. So
``[1]``, ``[sic]``, ``[Newsletter]``, ``50 % off``, ``{color: red}`` and dates are none.
"""

import re
import unicodedata
from collections.abc import Iterator

# Notations that mean nothing else.
_CERTAIN = re.compile(
    r"""
      \{\{[^{}\n]{1,200}\}\}              # {{ name }}
    | \{\{[ ]?[\w.]{1,60}(?:[ ]?\})?      # where an end is missing
    | \{%[^{}%\n]{1,80}%\}                # {% if name %}
    | [$#]\{[^{}\n]{1,80}\}               # ${name} #{name}
    | \{[!$][A-Za-z_][^{}\n]{0,80}\}      # {!Contact.Name} {$name}
    | \*\|[^|*\n]{1,60}\|\*               # *|FNAME|*
    | %%[A-Za-z_=][^%\n]{0,60}%%          # %%first name%%
    | \[%[^%\]\n]{1,60}%\]                # [% name %]
    | \#\#[A-Za-z_]\w{0,40}\#\#           # ##NAME##
    | <%=?[^%>\n]{1,80}%>                 # <%= name %>
    | <t\s[^<>\n]{0,80}\bt-[a-z]+[^<>\n]{0,80}>  # <t t-out="object.name"/>
    """,
    re.VERBOSE,
)
# Notations that are also used for other things: their content decides.
_POSSIBLE = re.compile(
    r"""
      \[\[?(?P<brackets>[^\[\]\n]{2,60})\]
    | (?<![{$\#])\{(?P<braces>[^{}\n]{2,60})\}
    | <<?(?P<angles>[^<>\n]{2,60})>
    | «\s?(?P<guillemets>[^«»\n]{2,60}?)\s?»
    | (?<![\w%])%(?P<percent>[A-Za-z_][\w.-]{1,40})%(?![\w%])
    | (?<![\w@])@@?(?P<at>[A-Za-z_]\w{1,40})@@?(?![\w@.])
    | (?<!\w)__(?P<underscores>[A-Za-z]\w{1,40}?)__(?!\w)
    | (?<![\w|])\|(?P<bars>[A-Z_]{3,40})\|(?![\w|])
    """,
    re.VERBOSE,
)
_CODE_NAME = re.compile(r"(?=[^._]*[._]\w)[A-Za-z]\w*(?:\.\w+)*")  # first_name, contact.name
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORDS = re.compile(r"[^\W\d_]+")


def _read_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What fields of contacts are called, without accents and in lower case.
_FIELDS = _read_words(
    """
    name names firstname lastname fullname forename surname nickname fname lname email mail company
    organization organisation employer salutation greeting title phone mobile telephone street city
    town country zip postcode birthday
    vorname nachname familienname zuname anrede firma unternehmen strasse ort stadt land plz telefon
    geburtstag
    nom prenom civilite societe entreprise ville pays courriel telephone rue
    nombre apellido apellidos empresa ciudad pais correo telefono tratamiento
    nome cognome azienda citta paese indirizzo sobrenome apelido cidade
    voornaam achternaam naam aanhef bedrijf plaats
    imie nazwisko firma miasto fornavn etternavn efternavn fornamn efternamn etunimi sukunimi
    jmeno prijmeni keresztnev vezeteknev nev ad soyad isim prenume nume
    имя фамилия отчество компания город ім 姓名 名字 姓 名 お名前 氏名 이름 성명
    """
)
# Fields only beside a word that asks the author for something: [insert date here], [your link].
_WEAK = _read_words(
    """
    date link url text image picture logo product price address number code time place event topic
    datum bild preis adresse nummer produkt fecha enlace direccion lien prix data collegamento
    """
)
_ASKING = _read_words(
    """
    insert enter add your here placeholder fill einfugen einsetzen ihr ihre ihren hier eingeben
    inserer votre vos ici insertar su aqui inserire qui vostro invoegen uw inserir seu
    """
)
# Words that stand beside a field's name.
_BESIDE = _ASKING | _read_words(
    """
    first last full middle family famille given the of my contact customer recipient user person subscriber
    member lead partner object client reader to merge field var value
    kunde kunden kontakt empfanger empfangers der des die das von le la du de des el del di il lo van
    het een client cliente destinataire destinatario contacto contatto
    """
)


def find_leftovers(text: str, only_certain: bool = False) -> list[str]:
    """Return the placeholders of other programs in a text, each once, in order.

    :param only_certain: leave out notations that are also used for other things
    """
    return list(dict.fromkeys(_find(text, only_certain)))


def _find(text: str, only_certain: bool) -> Iterator[str]:
    found = [(match.start(), match[0]) for match in _CERTAIN.finditer(text)]
    if only_certain:
        yield from (placeholder for _position, placeholder in found)
        return
    # What is certain is not looked at for a second time, in part.
    rest = _CERTAIN.sub(lambda match: "\n" * len(match[0]), text)
    found += [
        (match.start(), match[0] + _get_end(rest, match))
        for match in _POSSIBLE.finditer(rest)
        if _is_field(match[match.lastgroup], match.lastgroup)
    ]
    for _position, placeholder in sorted(found):
        yield placeholder


def _get_end(text: str, match: re.Match[str]) -> str:
    """Return the second closing sign of ``[[name]]`` and ``<<name>>``."""
    if match[0].startswith(("[[", "<<")) and text.startswith(match[0][-1], match.end()):
        return match[0][-1]
    return ""


def _is_field(content: str, kind: str) -> bool:
    """Tell whether the content of brackets and the like is the name of a field."""
    if kind == "angles" and ("@" in content or ":" in content or "/" in content):
        return False  # an address, a tag
    if kind in ("braces", "percent", "underscores", "at") and _CODE_NAME.fullmatch(content):
        return True
    words = [_fold(word) for part in _CAMEL.split(content.strip()) for word in _WORDS.findall(part)]
    if not 0 < len(words) <= 6 or any(char.isdigit() and kind == "brackets" for char in content):
        return False
    known = _FIELDS | _BESIDE
    if any(word in _ASKING for word in words):
        known |= _WEAK
    joined = "".join(words)
    if joined in _FIELDS:
        return True
    return all(word in known for word in words) and any(
        word in _FIELDS or word in known & _WEAK for word in words
    )


def _fold(word: str) -> str:
    """Return a word in lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize(
        "NFC", "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    )
