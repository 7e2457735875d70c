"""`make screenshots`: the pictures of README, guide and app page, taken anew from the running demo.

Runs under the Python of the environment, which has the browser's driver:
`python3 -m devtools screenshots`.
"""

import io
import sys
from datetime import datetime, timedelta

from PIL import Image
from playwright.sync_api import sync_playwright

from . import browser, company, demo, paths, serve
from .console import Failure, say, step

FOLDER = paths.ROOT / "docs" / "images"
# Odoo shows an app's page from the addon's own folder.
APP_FOLDER = paths.ROOT / "mass_mailing_lite" / "static" / "description"
ON_APP_PAGE = ("board", "prepare", "review")

WIDE = {"width": 1440, "height": 800}
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LARGEST = 150_000  # bytes of a picture
COLOURS = 128

ACTION = "/odoo/action-mass_mailing_lite."
# The assistant's greeting, and what was said about earlier steps, would stand in the way.
HIDDEN = """
.o-mail-ChatHub, .o-mail-ChatWindow, .o_notification_manager { display: none !important }
"""


def main():
    """Do the demo's job, prepare more mailings, and photograph what people see."""
    with serve.running(new=True) as (url, name):
        ids = prepare(url, name)
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(
                executable_path=browser.program(), args=browser.OPTIONS
            )
            for user, size, pictures in PICTURES:
                photograph(running, url, user, size, pictures, ids)
            running.close()
    return 0


def prepare(url, name):
    """Send one mailing and leave others on their way; return {name: id}."""
    marketing = company.login(url, name, "marketing")
    validator = company.login(url, name, "validator")
    with step("The demo's mailing"):
        done = demo.write_mailing(marketing)
        marketing.call(demo.MAILING, "action_submit", [done])
        validator.call(demo.MAILING, "action_validate", [done])
    demo.watch(marketing, done)
    templates = marketing.search_read("mail.template", [("model", "=", "res.partner")], "name")
    by_name = {template["name"]: template["id"] for template in templates}
    [audience] = marketing.search_read("partner.mailing.audience", [("name", "ilike", demo.TAG_IN)])

    def start(template, title, **values):
        answer = marketing.call(
            "mail.template", "action_start_partner_mailing", [by_name[template]]
        )
        values = {"name": title, "audience_ids": [(4, audience["id"])], **values}
        marketing.call(demo.MAILING, "write", [answer["res_id"]], values)
        return answer["res_id"]

    draft = start("Announcement", "New catalogue")
    marketing.call(demo.MAILING, "action_load_recipients", [draft])
    marketing.call(demo.MAILING, "action_preview", [draft])
    waiting = start("Event Invitation", "An evening in our workshop")
    marketing.call(demo.MAILING, "action_submit", [waiting])
    in_two_weeks = (datetime.now() + timedelta(days=14)).strftime("%Y-%m-%d 08:00:00")
    later = start("Price Change", "New prices", scheduled_at=in_two_weeks)
    marketing.call(demo.MAILING, "action_submit", [later])
    validator.call(demo.MAILING, "action_validate", [later])
    return {"draft": draft, "waiting": waiting, "done": done}


def photograph(running, url, user, size, pictures, ids):
    """Log in as a user and take their pictures: {file name: (place, what to wait for, clicks)}."""
    context = running.new_context(viewport=size)
    page = context.new_page()
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", user)
    page.fill("input[name=password]", user)
    page.click(".oe_login_form button[type=submit]")
    page.wait_for_selector(".o_main_navbar", timeout=60_000)
    for name, (place, shown, clicks) in pictures.items():
        with step(f"{name}.png"):
            page.goto(url + ACTION + place.format(**ids))
            page.add_style_tag(content=HIDDEN)
            page.wait_for_selector(shown)
            for selector in clicks:
                page.click(selector)
            page.wait_for_timeout(2000)  # pictures and avatars come after the page
            keep(name, page.screenshot())
    context.close()


def keep(name, picture):
    """Write a picture with as many colours as a screen of text needs, and no more bytes."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    reduced = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    for folder in (FOLDER, APP_FOLDER) if name in ON_APP_PAGE else (FOLDER,):
        file = paths.make_folder(folder) / f"{name}.png"
        reduced.save(file, optimize=True)
        if file.stat().st_size > LARGEST:
            raise Failure(f"{file} has {file.stat().st_size:,} bytes, more than {LARGEST:,}.")
        say(f"  {file.relative_to(paths.ROOT)}: {file.stat().st_size:,} bytes")


MAILINGS = "partner_mailing_action"
FORM = ".o_partner_mailing_form .o_form_sheet"
CARDS = ".o_kanban_record iframe"
PICTURES = [
    ("marketing", WIDE, {"board": (f"{MAILINGS}?view_type=kanban", CARDS, [])}),
    (
        "marketing",
        DESKTOP,
        {
            "templates": ("mail_template_action", CARDS, []),
            "prepare": (f"{MAILINGS}/{{draft}}", FORM, []),
            "recipients": (f"{MAILINGS}/{{draft}}", FORM, ["a[name=recipients]"]),
            "preview": (f"{MAILINGS}/{{draft}}", FORM, ["button[name=action_preview]"]),
            "result": (f"{MAILINGS}/{{done}}", FORM, ["a[name=recipients]"]),
        },
    ),
    ("validator", DESKTOP, {"review": (f"{MAILINGS}/{{waiting}}", FORM, [])}),
    ("validator", PHONE, {"review-phone": (f"{MAILINGS}/{{waiting}}", FORM, [])}),
    ("admin", DESKTOP, {"settings": ("res_config_settings_action", ".app_settings_block", [])}),
]


if __name__ == "__main__":
    sys.exit(main())
