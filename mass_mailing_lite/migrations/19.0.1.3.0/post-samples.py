import hashlib
import json

from lxml import etree

from odoo import SUPERUSER_ID, api
from odoo.addons.mass_mailing_lite.tools.sample import normalize, read_html
from odoo.tools import file_open

TEMPLATES = "mass_mailing_lite/data/mail_template_data.xml"
# What the bodies of the shipped templates said until this version, in all languages: the first digits
# of the SHA-256 of their letters.
DELIVERED = frozenset(
    [
        "026bda912a77e988",
        "0e9c84cc28177742",
        "11fd74cffcd5096e",
        "2f30fa8cdacbb3a1",
        "3342265f17a59e18",
        "43973c312a4a2ef0",
        "454e51c4f0f351c7",
        "45cd1dd189b1a90e",
        "46363fc2b1f6866e",
        "4a7f5d23d4b2f46c",
        "4c6483f8759c0856",
        "546d8e613735e8f7",
        "5d01989c4018bcfd",
        "6684750510c09d4e",
        "6a0ee30393f25580",
        "8830d653c6807386",
        "8b287b9d3af3fed4",
        "8ca5a179025bd475",
        "8fc14cfcfa20d4b7",
        "a11c19b55dc7fb97",
        "a599d0e1a69cf79e",
        "abb22a337085fde1",
        "b5f9ebea7e9efdf6",
        "c307103690a9e339",
        "c63779aac5dc5e61",
        "d06ab13b140376de",
        "d3e3a96ff21538c2",
        "d87ea4c5010e5c6c",
        "e3e70267ac5639d5",
        "e5aac3a5de7cf484",
        "ebacc8d9f6154189",
        "f3b12b3a6ddd2799",
        "f7325cc3e991fe85",
        "f79834c9f1f0cdc5",
        "fd711896b663e761",
    ]
)


def migrate(cr, version):
    """Refresh shipped templates that were never changed, and look at drafts for sample text.

    A body that a person changed stays as it is. Those of other languages that were not changed are
    removed, and come back with the translations of this version.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name, body in read_bodies():
        if template := env.ref(f"mass_mailing_lite.{name}", raise_if_not_found=False):
            refresh(template, body)
    drafts = (
        env["partner.mailing"].with_context(active_test=False).search([("state", "=", "draft")])
    )
    for mailing in drafts:
        mailing._as_system().write({"finding_facts": mailing._look()})


def read_bodies():
    """Yield ``(XML id, body)`` of the templates in the data file."""
    with file_open(TEMPLATES, "rb") as file:
        for record in etree.parse(file).iter("record"):
            for field in record.iter("field"):
                if field.get("name") == "body_html":
                    children = (etree.tostring(child, encoding="unicode") for child in field)
                    yield record.get("id"), "".join(children)


def refresh(template, body):
    """Write a new body into a template, if its English one was never changed."""
    texts = template._fields["body_html"]._get_stored_translations(template) or {}
    changed = {lang: text for lang, text in texts.items() if get_digest(text) not in DELIVERED}
    if not texts or "en_US" in changed:
        return
    template.env.cr.execute(
        "UPDATE mail_template SET body_html = %s WHERE id = %s",
        [json.dumps({**changed, "en_US": texts["en_US"]}), template.id],
    )
    template.invalidate_recordset(["body_html"])
    template.with_context(lang="en_US").body_html = body
    template.partner_mailing_made_for = False


def get_digest(source):
    letters = "".join(map(normalize, read_html(source)[0]))
    return hashlib.sha256(letters.encode()).hexdigest()[:16]
