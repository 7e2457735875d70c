"""Designs of Email Marketing, made by Odoo's own builder in a browser, and their pictures.

A theme is chosen in the form of Odoo's Email Marketing, whose builder writes the design and what is
sent of it: the styles turned inline, sections turned into tables.
"""

import re
from typing import NamedTuple

FORM = "/odoo/action-mass_mailing.mailing_mailing_action_mail/new"
CHOICE = ".o_mail_theme_selector .dropdown-item[data-name]"
FRAME = ".o_field_mass_mailing_html iframe[is-ready]"
# The stylesheets of a design; those that only the builder needs are left out.
SHEETS = """() => [...document.head.querySelectorAll("link[rel=stylesheet]")]
    .map((link) => link.getAttribute("href")).filter((href) => !href.includes("inside_builder"))"""
ALIGNED = """() => Promise.all([...document.images].map((image) =>
    image.complete || new Promise((done) => { image.onload = image.onerror = done; })))"""
SIZE = "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"


class Design(NamedTuple):
    """What the builder made.

    :ivar name: of the theme
    :ivar arch: the design, as the builder stores it
    :ivar html: what is sent of it
    :ivar sheets: addresses of the stylesheets that the design is drawn with
    """

    name: str
    arch: str
    html: str
    sheets: tuple[str, ...]

    def page(self):
        """Return the design as a page of its own, as in the builder's frame."""
        links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in self.sheets)
        return (
            '<!DOCTYPE html><html><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">{links}</head>'
            '<body class="o_in_iframe bg-white"><div class="o_mass_mailing_value o_readonly">'
            f"{self.arch}</div></body></html>"
        )


def names(page, url):
    """Return the names of the themes, in the order in which they are offered."""
    page.goto(f"{url}{FORM}")
    page.wait_for_selector(CHOICE)
    return page.eval_on_selector_all(CHOICE, "all => all.map((one) => one.dataset.name)")


def make(page, url, client, name):
    """Choose a theme in a new mailing of Email Marketing, save it, and return its ``Design``.

    :param page: of a browser in which an administrator with an e-mail address is logged in
    :param client: a session of the same user
    """
    page.goto(f"{url}{FORM}")
    page.wait_for_selector(CHOICE)
    page.click(f"{CHOICE[:-11]}[data-name='{name}']")
    page.wait_for_selector(FRAME)
    frame = page.query_selector(FRAME).content_frame()
    frame.wait_for_selector(".o_layout")
    sheets = frame.evaluate(SHEETS)
    page.fill("[name=subject] :is(input, textarea)", name)
    page.click(".o_form_button_save")
    page.wait_for_url(re.compile(r"/\d+$"))
    number = int(page.url.rpartition("/")[2])
    stored = client.read("mailing.mailing", number, "body_arch", "body_html")
    return Design(name, stored["body_arch"], stored["body_html"], tuple(sheets))


def photograph(page, url, text, width, path):
    """Take a picture of a whole HTML page, as if it came from this server.

    :param page: of a browser
    :param text: the HTML
    :return: how wide the content is, as a multiple of the width: 1 when nobody has to scroll
    """
    place = f"{url}/partner_mailing_fidelity"
    page.set_viewport_size({"width": width, "height": 800})
    page.route(place, lambda route: route.fulfill(body=text, content_type="text/html"))
    page.goto(place)
    page.evaluate(ALIGNED)
    path.parent.mkdir(parents=True, exist_ok=True)
    height, content = page.evaluate(SIZE)
    page.set_viewport_size({"width": width, "height": height})
    page.screenshot(path=path)
    page.unroute(place)
    return content / width
