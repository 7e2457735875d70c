"""The translations: the template is current, and each language says every term."""

import re

import polib
import pytest

from devtools import database, paths

ADDONS = paths.addons()
LANGUAGES = ("de", "es", "fr", "pl", "ru", "uk")

# What must stand in a translation as it stands in the term: what is filled in by the
# program, and the expression (not the fallback) of a placeholder.
FILLED_IN = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{\{[^|}]*")
# "Name <address>" is no tag but a word to translate.
TAG = re.compile(r"</?(?!address>|dirección>|adresse>|adres>)[a-z][a-z0-9]*(?=[\s/>])")


def terms(path):
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}


@pytest.fixture(scope="module")
def complete_database(tools):
    """Return a database with all our addons."""
    name = database.fresh(tools, "terms", bridges=True)
    yield name
    database.drop(tools, name)


@pytest.fixture(params=ADDONS, ids=lambda addon: addon.name)
def addon(request):
    """Return the folder of each addon in turn."""
    return request.param


def test_the_template_has_the_terms_of_the_source(tools, complete_database, addon, tmp_path):
    file = tmp_path / "now.pot"
    export = ("i18n", "export", "-d", complete_database, "-o", str(file), addon.name)
    tools.run(*export, what="export", log="pot")
    now, kept = set(terms(file)), set(terms(addon / "i18n" / f"{addon.name}.pot"))
    assert now == kept, "run `python3 -m devtools pot`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_is_translated(language, addon):
    template = terms(addon / "i18n" / f"{addon.name}.pot")
    translated = terms(addon / "i18n" / f"{language}.po")
    assert set(translated) == set(template)
    assert [term for term, text in translated.items() if not text.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("pattern", [FILLED_IN, TAG], ids=["filled in", "tags"])
def test_what_is_filled_in_and_marked_up_is_the_same_in_every_language(language, pattern, addon):
    def found(text):
        return sorted(match.strip() for match in pattern.findall(text))

    translated = terms(addon / "i18n" / f"{language}.po")
    assert {term: text for term, text in translated.items() if found(term) != found(text)} == {}
