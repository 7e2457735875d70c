"""Language versions of a text: which of them were made for the main version as it is now.

All functions take ``stored``, the texts of a record as ``{field: {language code: text}}``, and
``main``, the language code of the main version. A version has texts of its own where they differ from
the main version's; where it has none, its readers get the main text.

What a version was made for is kept as ``{field: [fingerprint of its own text, fingerprint of the main
text]}``, as both were when the version was last written or confirmed.
"""

import hashlib

#: The language whose text Odoo shows where there is none in another language.
SOURCE = "en_US"
#: In place of a fingerprint: it is not known for which main text a version was made.
UNKNOWN = ""


def fingerprint(text):
    """Return the SHA-256 (hex) of a text; None counts as empty."""
    return hashlib.sha256((text or "").encode()).hexdigest()


def get_main_text(texts, main):
    """Return the text of the main version.

    :param texts: {language code: text} of one field
    """
    return texts.get(main) or texts.get(SOURCE) or ""


def get_own_texts(stored, main):
    """Return the versions beside the main one: {language code: {field: text of its own}}."""
    versions = {}
    for name, texts in stored.items():
        main_text = get_main_text(texts, main)
        for lang, text in texts.items():
            if lang != main and text and text != main_text:
                versions.setdefault(lang, {})[name] = text
    return versions


def note_changes(made_for, stored, main):
    """Return for what each version is made, after texts may have changed.

    A text that differs from the one that was noted was written just now, for the main text of now.
    One that has not changed is still made for what it was made for.

    :param made_for: {language code: {field: [own, main]}}, as it was noted before
    :return: the same, of the versions that there are now
    """
    noted = {}
    for lang, texts in get_own_texts(stored, main).items():
        before = made_for.get(lang, {})
        for name, text in texts.items():
            own = fingerprint(text)
            known = before.get(name)
            if known and known[0] == own:
                pair = list(known)
            else:
                pair = [own, fingerprint(get_main_text(stored[name], main))]
            noted.setdefault(lang, {})[name] = pair
    return noted


def get_made_for(stored, main, stale):
    """Return for what each version is made, of which it is known which of them are stale.

    :param stale: {language code: [field]}. Where the main version itself is among them, nobody
        knows what the others were made for.
    """
    outdated = {(lang, name) for lang, names in stale.items() for name in names}
    made_for = {}
    for name, texts in stored.items():
        for lang, text in texts.items():
            known = not {(lang, name), (main, name)} & outdated
            now = fingerprint(get_main_text(texts, main)) if known else UNKNOWN
            made_for.setdefault(lang, {})[name] = [fingerprint(text), now]
    return made_for


def get_stale_fields(made_for, stored, main):
    """Return the fields whose main text has changed since: {language code: [field]}.

    A text that was not noted counts as stale: nobody knows what it was made for.
    """
    stale = {}
    for lang, texts in get_own_texts(stored, main).items():
        for name, text in texts.items():
            now = [fingerprint(text), fingerprint(get_main_text(stored[name], main))]
            if list(made_for.get(lang, {}).get(name, ())) != now:
                stale.setdefault(lang, []).append(name)
    return stale


def get_followers(before, after, main):
    """Return the texts that follow a change of the main version: {field: {language code: text}}.

    Odoo fills the source language when a text is written in another one. Such a copy is no version
    of its own: it follows the main text. A main language that gets its first text changes no other.

    :param before: ``stored`` before the change
    :param after: ``stored`` after it
    """
    following = {}
    for name, texts in after.items():
        old, new = before.get(name, {}).get(main), get_main_text(texts, main)
        if not old or old == new:
            continue
        for lang, text in texts.items():
            if lang != main and text == old and before.get(name, {}).get(lang) == old:
                following.setdefault(name, {})[lang] = new
    return following


def get_missing_texts(stored, main, langs):
    """Return the main text for languages without one, where Odoo would show another version.

    :param langs: codes of the languages that are read
    :return: {field: {language code: text}}
    """
    missing = {}
    for name, texts in stored.items():
        main_text = get_main_text(texts, main)
        if texts.get(SOURCE) != main_text:
            for lang in langs:
                # An empty text is one: it was emptied in that language.
                if texts.get(lang) is None:
                    missing.setdefault(name, {})[lang] = main_text
    return missing
