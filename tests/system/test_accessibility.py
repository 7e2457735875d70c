"""What people with a keyboard, a screen reader or weak sight meet on our screens.

axe-core looks for violations of WCAG 2.1, levels A and AA, in what our views and widgets bring:
their words, pictures, buttons and colours. What Odoo's web client draws around and for every
addon alike cannot be mended from here and is left out by name below, each with what axe finds.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe

from . import mailings

pytestmark = pytest.mark.slow(70)

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}

# Odoo's own, the same in every app.
OF_ODOO = [
    ".o_control_panel",  # search and buttons above each view: icons without a name
    ".o-mail-Form-chatter",  # the conversation beside each form: contrast, pictures without a text
    ".o_notebook_headers",  # tabs outside a list of tabs
    ".o_statusbar_status",
    ".o_list_record_selector",  # a list's boxes to tick: without a name
    ".o_optional_columns_dropdown",
    ".badge",  # the theme's coloured labels: contrast of 3.1 where 4.5 is asked
    ".o_field_many2many_tags",  # ARIA that its role does not allow, as on the next ones
    ".o_field_many2many_selection",
    ".o-autocomplete",
    ".o_select_menu",
    ".o_field_selection",
    ".o_field_many2one_avatar_user",  # the picture of a person, without a text
    ".o_field_kanban_activity",
    ".o_field_many2many_binary",
]
FRAMES = ["iframe"]  # what a user wrote, in a document of its own

TABS = ("content", "recipients", "options", "approvals")


@pytest.fixture(scope="module")
def written(odoo_server):
    """Return ids of mailings by what became of them."""
    admin = odoo_server.login("admin")
    marketing, validator = odoo_server.login("marketing"), odoo_server.login("validator")
    tag = admin.create("res.partner.category", name="Readers")
    for number in range(3):
        email = f"reader{number}@example.com"
        admin.create("res.partner", name=f"Reader {number}", email=email, category_id=[(4, tag)])
    audience = marketing.create("partner.mailing.audience", name="Readers", category_ids=[(4, tag)])
    values = {"audience_ids": [(4, audience)], "extra_emails": "ana@example.com, wrong@@example"}
    draft = mailings.write(marketing, name="Draft", **values)
    marketing.call(mailings.MAILING, "action_load_recipients", [draft])
    waiting = mailings.write(marketing, name="Waiting", **values)
    marketing.call(mailings.MAILING, "action_submit", [waiting])
    later = {"scheduled_at": "2099-01-01 08:00:00"}
    validated = mailings.validated(marketing, validator, name="Validated", **values, **later)
    return {"draft": draft, "waiting": waiting, "validated": validated}


@pytest.fixture
def web(odoo_server, page_of):
    """Return a function that opens an action of ours, as the validator, and waits for it."""
    page = page_of("validator")

    def go(action, shown):
        page.goto(f"{odoo_server.url}/odoo/action-mass_mailing_lite.{action}")
        page.wait_for_selector(shown)
        return page

    return go


def violations(page, part=".o_action_manager .o_content"):
    """Return what axe finds in a part of the page: a line for each element."""
    # A tab that fades in has less contrast than one that is there.
    page.wait_for_function("document.getAnimations().every((one) => one.playState !== 'running')")
    where = {"include": [[part]], "exclude": [[selector] for selector in OF_ODOO + FRAMES]}
    found = Axe().run(page, context=where, options=RULES).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    ("action", "shown"),
    [
        ("partner_mailing_action", ".o_data_row"),
        ("partner_mailing_action?view_type=kanban", ".o_kanban_record"),
        ("mail_template_action", ".o_kanban_record"),
        ("partner_mailing_audience_action", ".o_data_row"),
        ("partner_mailing_audience_action?view_type=kanban", ".o_kanban_record"),
        ("partner_mailing_approval_action?view_type=kanban", ".o_kanban_record"),
        ("partner_mailing_recipient_action", ".o_data_row"),
        ("partner_mailing_recipient_action?view_type=kanban", ".o_kanban_record"),
    ],
)
def test_lists_and_boards(web, written, action, shown):
    assert violations(web(action, shown)) == []


@pytest.mark.parametrize("state", ["new", "draft", "waiting", "validated"])
def test_each_tab_of_a_mailing(web, written, state):
    page = web(f"partner_mailing_action/{written.get(state, 'new')}", ".o_partner_mailing_form")
    page.wait_for_selector(".o_form_sheet")
    found = violations(page)
    for tab in TABS:
        if page.locator(f"a[name={tab}]").count():
            page.click(f"a[name={tab}]")
            page.wait_for_selector(f"a[name={tab}].active")
            found += violations(page)
    assert sorted(set(found)) == []


@pytest.mark.parametrize(
    ("state", "button"),
    [
        ("waiting", "action_preview"),
        ("waiting", "action_send_test"),
        ("waiting", "action_open_validation"),
        ("waiting", "action_refuse"),
    ],
)
def test_the_dialogs(web, written, state, button):
    page = web(f"partner_mailing_action/{written[state]}", ".o_partner_mailing_form")
    page.click(f"button[name={button}]")
    page.wait_for_selector(".modal .modal-footer button")
    assert violations(page, ".modal") == []


def test_the_steps_of_a_mailing_are_walked_by_keyboard(odoo_server, page_of, written):
    """The checklist's buttons stand in the order of the steps, say how each stands, and open its tab."""
    page = page_of("marketing")
    place = f"action-mass_mailing_lite.partner_mailing_action/{written['draft']}"
    page.goto(f"{odoo_server.url}/odoo/{place}")
    page.wait_for_selector("nav[aria-label='Steps of the mailing']")
    page.focus("[data-step=template] button")
    seen = []
    for _number in range(3):
        seen.append(page.evaluate("document.activeElement.innerText.split('\\n')[0]"))
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("a[name=recipients].active")
    words = page.locator("[data-step=recipients] button").text_content()
    assert "to be looked at again" in words
    assert page.locator(".o_partner_mailing_checklist [aria-current=step]").count() == 1
    assert len(set(seen)) == 3


def test_a_phone_shows_the_next_step_in_words(odoo_server, page_of, written):
    page = page_of("marketing")
    page.set_viewport_size({"width": 390, "height": 844})
    place = f"action-mass_mailing_lite.partner_mailing_action/{written['draft']}"
    page.goto(f"{odoo_server.url}/odoo/{place}")
    page.wait_for_selector(".o_partner_mailing_checklist")
    checklist = page.locator(".o_partner_mailing_checklist")
    assert checklist.locator(".o_next_hint").is_visible()
    buttons = checklist.locator("li").all()
    sizes = [button.bounding_box() for button in buttons]
    assert all(size["x"] >= 0 and size["x"] + size["width"] <= 390 for size in sizes)
    assert all(size["width"] >= 24 and size["height"] >= 24 for size in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
