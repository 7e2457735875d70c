"""Which columns have the addresses and the names, and which row has the headings."""

import re
import string

ROWS_TO_GUESS_FROM = 200
ROWS_ABOVE_HEADINGS = 30  # how far down a heading may be, below titles and remarks
MAIL = re.compile(
    r"mail|correo|courriel|courrier|adres|indirizzo|sähköposti|epost|e-post|пошт|почт|имейл|адрес"
    r"|メール|邮箱|郵箱|邮件|郵件|이메일|אימייל|דוא|بريد|ηλεκτρονικ|eposta",
    re.IGNORECASE,
)
PHONE = re.compile(
    r"phone|mobil|cell|tel|handy|móvil|portable|gsm|sms|numer|number|telefon|тел|моб|携帯|電話|电话|手机|휴대|전화",
    re.IGNORECASE,
)


def _headings(text):
    return frozenset(text.split("|"))


# Headings of names, in lower case and without signs; a word in both is a name when it is alone.
FULL = _headings(
    "name|full name|display name|contact|contact name|customer name|customer|anzeigename|vollständiger name|"
    "nombre|nombre completo|nom|nom complet|nome|nome completo|nome e cognome|naam|volledige naam|"
    "namn|navn|nimi|név|jméno|meno|nazwa|imię i nazwisko|nume|ime|isim|ad soyad|όνομα|ονοματεπώνυμο|имя|фио|"
    "ф и о|имя и фамилия|контакт|ім'я|імʼя|піб|п і б|име|שם|الاسم|氏名|名前|お名前|姓名|名字|이름|성명"
)
GIVEN = _headings(
    "first name|firstname|given name|forename|first|vorname|prénom|prenom|nombre|nombres|nome|voornaam|"
    "förnamn|fornavn|etunimi|keresztnév|utónév|jméno|křestní jméno|meno|imię|prenume|ime|ad|όνομα|имя|"
    "ім'я|імʼя|име|名"
)
FAMILY = _headings(
    "last name|lastname|surname|family name|last|nachname|familienname|zuname|nom|nom de famille|apellido|"
    "apellidos|cognome|sobrenome|apelido|achternaam|efternamn|efternavn|etternavn|sukunimi|vezetéknév|"
    "családnév|příjmení|priezvisko|nazwisko|nume|nume de familie|prezime|soyad|soyadı|επώνυμο|фамилия|"
    "прізвище|фамилно име|姓"
)
NO_WORD = re.compile(r"[^\w'ʼ]+|_")
# A dot or an @ inside: an address, or one with a mistake.
LIKE_ADDRESS = re.compile(r"\S[.@]\S")


def letter(place):
    """Return the letters of a column as spreadsheets show them: A, Z, AA, …; columns count from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = string.ascii_uppercase[rest] + letters
    return letters


def guess_address(rows, is_address, heading_words=MAIL):
    """Return the column with the most addresses, None when there is none.

    One whose heading says so counts double; of equal ones, the first is taken.
    """
    sample = rows[:ROWS_TO_GUESS_FROM]
    width = max((len(row.cells) for row in sample), default=0)
    counts = [0] * width
    named = [False] * width
    for number, row in enumerate(sample):
        for place, cell in enumerate(row.cells):
            if not cell:
                continue
            if is_address(cell):
                counts[place] += 1
            elif number < ROWS_ABOVE_HEADINGS and heading_words.search(cell):
                named[place] = True
    if not any(counts):
        return None
    return max(range(width), key=lambda place: (counts[place] * (1 + named[place]), -place))


def find_heading(rows, address, is_address, heading_words=MAIL):
    """Return the position of the row that names the columns, None when there is none.

    It is the first one, of the first rows, that says above the addresses that they are such; or the
    nearest above the first address that has a text there which is no address with a mistake, and
    no number anywhere.
    """
    if address is None:
        return None
    head = rows[:ROWS_ABOVE_HEADINGS]
    for place, row in enumerate(head):
        cell = row.cell(address)
        if "@" not in cell and heading_words.search(cell) and not _has_data(row, is_address):
            return place
    first = next((n for n, row in enumerate(head) if is_address(row.cell(address))), 0)
    for place in range(first - 1, -1, -1):
        cell = head[place].cell(address)
        if cell and not LIKE_ADDRESS.search(cell) and not _has_data(head[place], is_address):
            return place
    return None


def _has_data(row, is_address):
    return any(is_address(cell) or cell.replace(" ", "").isdigit() for cell in row.cells if cell)


def guess_names(rows, address, heading):
    """Return the columns of names, of which the second has family names; each may be None.

    Headings decide. Without them, names are in the column with the most cells with letters; of
    equal columns, in the one nearest to the addresses, first to their left.
    """
    if address is None:
        return None, None
    data = rows[0 if heading is None else heading + 1 :][:ROWS_TO_GUESS_FROM]
    width = max((len(row.cells) for row in data), default=0)
    letters, with_at = [0] * width, [0] * width
    for row in data:
        for place, cell in enumerate(row.cells):
            if "@" in cell:
                with_at[place] += 1
            else:
                letters[place] += any(map(str.isalpha, cell))
    places = [*range(address - 1, -1, -1), *range(address + 1, width)]
    places = [place for place in places if letters[place] > with_at[place]]
    if heading is not None:
        words = [_words(cell) for cell in rows[heading].cells]
        named = _named_columns(words, sorted(places))
        if named != (None, None):
            return named
        places = [place for place in places if not _is_other(words, place)] or places
    return max(places, key=letters.__getitem__, default=None), None


def _named_columns(words, places):
    def first(headings, but=None):
        return next(
            (n for n in places if n != but and n < len(words) and words[n] in headings), None
        )

    full = first(FULL - GIVEN - FAMILY)
    if full is not None:
        return full, None
    family = first(FAMILY - GIVEN)
    if family is None:
        family = first(FAMILY, but=first(GIVEN - FAMILY))
    given = first(GIVEN, but=family)
    if given is not None and family is not None and given != family:
        return given, family
    full = first(FULL | GIVEN)
    return (full, None) if full is not None else (family, None)


def _is_other(words, place):
    """Tell whether a heading says that something else than names is below it."""
    return place < len(words) and bool(OTHER.search(words[place]))


def _words(heading):
    return NO_WORD.sub(" ", heading).strip().lower()


OTHER = re.compile(
    r"\b(id|city|stadt|ort|ville|ciudad|città|miasto|país|pays|land|country|kraj|street|stra(ß|ss)e|rue|calle"
    r"|ulica|company|firma|organi[sz]ation|société|empresa|azienda|title|note|notes|type|label|group|tags?"
    r"|language|sprache|город|страна|місто|країна|компания|phone|telefon)\b"
)
