"""The translations: the template is current, and each language says every term."""

import re

import polib
import pytest

from devtools import database, paths

ADDON = paths.ROOT / "mass_mailing_lite"
LANGUAGES = ("es", "fr", "pl", "ru")

# What must stand in a translation as it stands in the term: what is filled in by the
# program, and the expression (not the fallback) of a placeholder.
FILLED_IN = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{\{[^|}]*")
TAG = re.compile(r"</?[a-z][a-z0-9]*(?=[\s/>])")


def terms(path):
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}


def test_the_template_has_the_terms_of_the_source(tools, tmp_path):
    name = database.fresh(tools, "terms")
    try:
        file = tmp_path / "now.pot"
        tools.run(
            "i18n", "export", "-d", name, "-o", str(file), ADDON.name, what="export", log="pot"
        )
        now, kept = set(terms(file)), set(terms(ADDON / "i18n" / f"{ADDON.name}.pot"))
    finally:
        database.drop(tools, name)
    assert now == kept, "run `python3 -m devtools pot`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_is_translated(language):
    template = terms(ADDON / "i18n" / f"{ADDON.name}.pot")
    translated = terms(ADDON / "i18n" / f"{language}.po")
    assert set(translated) == set(template)
    assert [term for term, text in translated.items() if not text.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("pattern", [FILLED_IN, TAG], ids=["filled in", "tags"])
def test_what_is_filled_in_and_marked_up_is_the_same_in_every_language(language, pattern):
    def found(text):
        return sorted(match.strip() for match in pattern.findall(text))

    translated = terms(ADDON / "i18n" / f"{language}.po")
    assert {term: text for term, text in translated.items() if found(term) != found(text)} == {}
