"""`make screenshots`: takes the pictures of README, docs and app page anew, from a new demo.

Runs under the Python of the environment, which has the browser's driver:
`python3 -m devtools screenshots`.
"""

import io
import sys
from datetime import datetime, timedelta

from PIL import Image
from playwright.sync_api import sync_playwright

from . import browser, company, demo, maildir, paths, readers, serve
from .console import Failure, say, step

FOLDER = paths.ROOT / "docs" / "images"
# Odoo shows an app's page from the addon's own folder.
APP_FOLDER = paths.ROOT / "mass_mailing_lite" / "static" / "description"
ON_APP_PAGE = ("board", "prepare", "review", "statistics")

WIDE = {"width": 1440, "height": 800}
DESKTOP = {"width": 1280, "height": 800}
TALL = {"width": 1280, "height": 1180}
PHONE = {"width": 390, "height": 844}
LARGEST = 150_000  # bytes of a picture
COLOURS = 128

ACTION = "/odoo/action-mass_mailing_lite."
LINKS = """
<p><a href="https://www.example.com/spring">Open the catalogue</a>
or <a href="https://www.example.com/floor-plan">find us on the floor plan</a>.</p>
"""
LIMITS = {
    "partner_mailing_limit_minute": 300,
    "partner_mailing_limit_hour": 10_000,
    "partner_mailing_limit_domain_minute": 60,
}
# The assistant's greeting and notifications of earlier steps would cover the screen.
HIDDEN = """
.o-mail-ChatHub, .o-mail-ChatWindow, .o_notification_manager { display: none !important }
"""


def main():
    """Do the demo's job, prepare more mailings, and take the pictures."""
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
    """Send one mailing and prepare others in several states; return {name: id}."""
    marketing = company.login(url, name, "marketing")
    validator = company.login(url, name, "validator")
    done = send(url, name, marketing, validator)
    marketing.call(demo.MAILING, "action_open_statistics", [done])  # the board then has its figures
    # As in a database that recipients reach; no message is sent any more.
    admin = company.login(url, name, "admin")
    for key, value in (
        ("web.base.url.freeze", "True"),
        ("web.base.url", "https://odoo.example.com"),
    ):
        admin.call("ir.config_parameter", "set_param", key, value)
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

    vip = marketing.search_read("res.partner.category", [("name", "=", demo.TAG_OUT)], "id")
    got = {"kind": "mailing", "earlier_mailing_id": done, "outcome": "clicked"}
    entries = [{"kind": "tag", "category_id": vip[0]["id"]}, got]
    chosen = [(0, 0, {"side": "out", **entry}) for entry in entries]
    draft = start("Announcement", "New catalogue", source_ids=chosen)
    marketing.call(demo.MAILING, "action_load_recipients", [draft])
    marketing.call(demo.MAILING, "action_keep_language", [draft], "en_US")
    marketing.call(demo.MAILING, "action_preview", [draft])
    waiting = start("Event Invitation", "An evening in our workshop")
    submit(marketing, waiting)
    in_two_weeks = (datetime.now() + timedelta(days=14)).strftime("%Y-%m-%d 08:00:00")
    later = start("Price Change", "New prices", scheduled_at=in_two_weeks)
    submit(marketing, later)
    validator.call(demo.MAILING, "action_validate", [later])
    [server] = admin.search_read("ir.mail_server", [("name", "=", company.MAIL_SERVER)], "id")
    admin.call("ir.mail_server", "write", [server["id"]], LIMITS)
    english = [("mailing_id", "=", done), ("state", "=", "sent"), ("lang", "=", "en_US")]
    wanted = {
        row["message_id"] for row in marketing.search_read(demo.RECIPIENT, english, "message_id")
    }
    received = maildir.deliveries(serve.MAILDIR)
    link = next(readers.get_link(one) for one in received if one.message_id in wanted)
    return {
        "draft": draft,
        "waiting": waiting,
        "done": done,
        "server": server["id"],
        "unsubscribe": link.removeprefix(url),
    }


def submit(marketing, mailing):
    """Submit a mailing with the sample text of a template, which is confirmed for the picture."""
    marketing.call(demo.MAILING, "action_keep_language", [mailing], "en_US")
    marketing.call(demo.MAILING, "action_submit", [mailing])


def send(url, name, marketing, validator):
    """Send the demo's mailing and simulate the readers' reactions; return its id."""
    admin = company.login(url, name, "admin")
    tags = marketing.search_read("res.partner.category", [("name", "=", demo.TAG_IN)], "id")
    with step("The demo's mailing"):
        done = demo.write_mailing(marketing)
        more = {
            "body_html": demo.BODY + LINKS,
            "track_opens": True,
            "track_clicks": True,
            "unsubscribe_category_ids": [(4, tags[0]["id"])],
        }
        marketing.call(demo.MAILING, "write", [done], more)
        marketing.call(demo.MAILING, "action_submit", [done])
    with readers.PickyInbox(serve.MAILDIR) as inbox:
        company.send_to(admin, inbox.port)
        validator.call(demo.MAILING, "action_validate", [done])
        demo.watch(marketing, done)
        readers.react(admin, inbox.deliveries())
    return done


def photograph(running, url, user, size, pictures, ids):
    """Take pictures as a user, or without a login where ``user`` is None.

    :param pictures: {file name: (address, selector to wait for, selectors to click)}
    """
    context = running.new_context(viewport=size)
    page = context.new_page()
    if user:
        page.goto(f"{url}/web/login")
        page.fill("input[name=login]", user)
        page.fill("input[name=password]", user)
        page.click(".oe_login_form button[type=submit]")
        page.wait_for_selector(".o_main_navbar", timeout=60_000)
    for name, (place, shown, clicks) in pictures.items():
        with step(f"{name}.png"):
            page.goto(url + place.format(**ids))
            page.add_style_tag(content=HIDDEN)
            page.wait_for_selector(shown)
            for selector in clicks:
                page.click(selector)
            page.wait_for_timeout(2000)  # pictures and avatars are loaded after the page
            keep(name, page.screenshot())
    context.close()


def keep(name, picture):
    """Write a picture with as few colours as a screen of text needs, which keeps it small.

    :raises Failure: when it is still larger than ``LARGEST``
    """
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    reduced = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    for folder in (FOLDER, APP_FOLDER) if name in ON_APP_PAGE else (FOLDER,):
        file = paths.make_folder(folder) / f"{name}.png"
        reduced.save(file, optimize=True)
        if file.stat().st_size > LARGEST:
            raise Failure(f"{file} has {file.stat().st_size:,} bytes, more than {LARGEST:,}.")
        say(f"  {file.relative_to(paths.ROOT)}: {file.stat().st_size:,} bytes")


MAILINGS = f"{ACTION}partner_mailing_action"
FORM = ".o_partner_mailing_form .o_form_sheet"
CARDS = ".o_kanban_record iframe"
PICTURES = [
    ("marketing", WIDE, {"board": (f"{MAILINGS}?view_type=kanban", CARDS, [])}),
    (
        "marketing",
        DESKTOP,
        {
            "templates": (f"{ACTION}mail_template_action", CARDS, []),
            "prepare": (f"{MAILINGS}/{{draft}}", FORM, []),
            "preview": (f"{MAILINGS}/{{draft}}", FORM, ["button[name=action_preview]"]),
            "result": (f"{MAILINGS}/{{done}}", FORM, ["a[name=recipients]"]),
            "statistics": (f"{MAILINGS}/{{done}}", FORM, ["button[name=action_open_statistics]"]),
            "failed": (
                f"{MAILINGS}/{{done}}",
                FORM,
                ["button[name=action_open_recipients]:has(.fa-exclamation-triangle)"],
            ),
        },
    ),
    (
        "marketing",
        TALL,
        {
            "recipients": (f"{MAILINGS}/{{draft}}", FORM, ["a[name=recipients]"]),
            "options": (f"{MAILINGS}/{{draft}}", FORM, ["a[name=options]"]),
        },
    ),
    ("marketing", WIDE, {"dashboard": ("/odoo/mailing-dashboard", ".o_partner_mailing_tiles", [])}),
    ("validator", DESKTOP, {"review": (f"{MAILINGS}/{{waiting}}", FORM, [])}),
    ("validator", PHONE, {"review-phone": (f"{MAILINGS}/{{waiting}}", FORM, [])}),
    (
        "admin",
        DESKTOP,
        {
            "settings": (f"{ACTION}res_config_settings_action", ".app_settings_block", []),
            "mail-server": (
                "/odoo/action-base.action_ir_mail_server_list/{server}",
                "a[name=partner_mailing]",
                ["a[name=partner_mailing]"],
            ),
        },
    ),
    (None, PHONE, {"unsubscribe-phone": ("{unsubscribe}", "form", [])}),
]


if __name__ == "__main__":
    sys.exit(main())
