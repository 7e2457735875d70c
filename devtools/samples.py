"""The keys of the passages in the templates that the addons ship: `python3 -m devtools samples`."""

import ast
import importlib.util
import json
import re
import sys

from lxml import etree

from . import paths
from .console import say

ADDON = paths.ROOT / "mass_mailing_lite"
SMS_ADDON = paths.ROOT / "mass_mailing_lite_sms"
# Addon and file of the templates of each channel, and their fields that are plain text.
TEMPLATES = (
    (ADDON, ADDON / "data" / "mail_template_data.xml"),
    (ADDON, ADDON / "data" / "mail_template_design_data.xml"),
    (SMS_ADDON, SMS_ADDON / "data" / "sms_template_data.xml"),
)
TEXTS = ("subject", "partner_mailing_preview_text", "body")
SCRIPT = ADDON / "tools" / "sample.py"
# Loaded by its path: the package around it imports Odoo.
SPEC = importlib.util.spec_from_file_location("sample", SCRIPT)
sample = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(sample)
PLACE = re.compile(r"#: model:(?:mail|sms)\.template,(\w+):mass_mailing_lite(?:_sms)?\.(\w+)")
# Lines that a real mailing may well keep, as they stand in the English templates.
GENERIC = (
    "A date to note",
    "A question,",
    "A reply to this message with a few words about your plans is enough.",
    "Announcement",
    "Article",
    "Asked most often",
    "Autumn in our shop",
    "Book a time",
    "Cost",
    "Customer service",
    "Dear ,",
    "Enjoy choosing",
    "Friday",
    "Have a look around",
    "I am coming",
    "I cannot come",
    "I look forward to working with you.",
    "I will come",
    "If you have questions about your orders,  is glad to help.",
    "If you would rather have it on paper, reply with your postal address and we send you a copy.",
    "Look at the programme",
    "May I call you next week? Reply with a day that suits you, and I will see to the rest.",
    "Monthly news",
    "New in our shop",
    "Not to be combined with other discounts. Reduced articles are excluded.",
    "Open the catalogue",
    "Open the guide",
    "Order now",
    "Our newsletter",
    "Place",
    "Please reply",
    "Questions? Simply reply to this message.",
    "Read the answers",
    "Read the story",
    "Redeem the voucher",
    "Save the date",
    "See the dates",
    "See the full price list",
    "September",
    "Talk to us",
    "Tell us what you need",
    "Time",
    "Until next month",
    "Until next time",
    "Until now",
    "We look forward to seeing you",
    "Welcome!",
    "Welcome,",
    "What changes, why, and until when the present prices hold.",
    "What is new this month",
    "What is new this month,",
    "What should we write about next? Simply reply to this message.",
    "When",
    "Where",
    "With kind regards",
    "You are invited",
    "Your team at",
    "Your voucher",
    "thank you for reading along.",
)


def find_keys():
    """Return the keys of all passages in the templates and their translations, sorted."""
    generic = {sample.normalize(line) for line in GENERIC}
    keys = set()
    for source, translations in read_texts():
        lines, links = source
        keys |= {sample.get_link_key(address) for address in links}
        for translated, _links in (source, *translations):
            if len(translated) != len(lines):
                # A translation of an earlier version of the template, whose keys are known.
                continue
            for english, line in zip(lines, translated, strict=True):
                if sample.normalize(english) in generic:
                    continue
                sentences = sample.split_sentences(english)
                skipped = sample.normalize(sentences[0]) in generic
                keys |= {
                    sample.get_key(sentence)
                    for sentence in sample.split_sentences(line)[1 if skipped else 0 :]
                }
    return sorted(keys - {None})


def read_texts():
    """Yield ``(lines, links)`` of each text in English, and a list of the same in each language."""
    terms = read_translations()
    for _addon, file in TEMPLATES:
        yield from read_file(file, terms)


def read_file(file, terms):
    """Yield the same of one file."""
    for record in etree.parse(str(file)).iter("record"):
        for field in record.iter("field"):
            name = field.get("name")
            if name in TEXTS:
                english = field.text
            elif name == "body_html":
                english = "".join(etree.tostring(child, encoding="unicode") for child in field)
            else:
                continue
            yield (
                read(name, english),
                [read(name, text) for text in terms.get((name, record.get("id")), ())],
            )


def read_translations():
    """Return the texts of templates in other languages: {(field, record): [text]}."""
    terms = {}
    files = [file for addon, _file in TEMPLATES for file in (addon / "i18n").glob("*.po")]
    for file in sorted(files):
        for entry in file.read_text().split("\n\n"):
            places = PLACE.findall(entry)
            if places and (text := read_term(entry)):
                for place in places:
                    terms.setdefault(place, []).append(text)
    return terms


def read_term(entry):
    """Return the translation in an entry of a .po file."""
    _before, _msgstr, translated = entry.partition("\nmsgstr ")
    return "".join(ast.literal_eval(line) for line in translated.splitlines())


def read(name, text):
    """Return ``(lines, links)`` of a text."""
    return (sample.read_text(text), []) if name in TEXTS else sample.read_html(text)


def main():
    """Add the keys of the present templates to the file; those of earlier ones stay in it."""
    known = json.loads(sample.FILE.read_text()) if sample.FILE.exists() else []
    keys = sorted({*known, *find_keys()})
    sample.FILE.write_text(json.dumps(keys, indent=0) + "\n")
    say(f"{sample.FILE.name}: {len(keys) - len(known)} new of {len(keys)}")


if __name__ == "__main__":
    sys.exit(main())
