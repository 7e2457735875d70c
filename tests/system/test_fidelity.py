"""A message looks as it was designed: what arrived is compared with what is stored, in pictures."""

import pytest

from devtools import company, designs, fidelity, paths
from devtools.inbox import Inbox

pytestmark = [pytest.mark.slow(60), pytest.mark.timeout(900)]

# Large; columns with pictures; one that Odoo's own message shows too wide; one of ours.
THEMES = ("newsletter", "event", "coupon")
TEMPLATE = "mail_template_newsletter"
NAMES = (*THEMES, TEMPLATE)


@pytest.fixture(scope="module")
def office(start_server):
    """Return a running server with Odoo's Email Marketing."""
    with start_server(bridges=True) as server:
        admin = server.login("admin")
        company.create_users(admin)
        admin.call("res.users", "write", [admin.uid], {"email": "admin@example.com"})
        yield server


@pytest.fixture(scope="module")
def shown(office, chromium):
    """Return {name: theme or template}, as they are stored."""
    admin = office.login("admin")
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(90_000)
    context.add_cookies(admin.cookies())
    page = context.new_page()
    made = [fidelity.of_theme(designs.make(page, office.url, admin, name)) for name in THEMES]
    made += [one for one in fidelity.of_templates(admin) if one.name == TEMPLATE]
    context.close()
    return {one.name: one for one in made}


@pytest.fixture(scope="module")
def post(office, shown, tmp_path_factory):
    """Return a function that sends all of them and returns {name: the HTML that arrived}."""

    def send(**options):
        with Inbox(tmp_path_factory.mktemp("inbox")) as inbox:
            company.send_to(office.login("admin"), inbox.port)
            people = (office.login(name) for name in ("marketing", "validator"))
            return fidelity.send(*people, inbox, shown.values(), **options)

    return send


@pytest.fixture(scope="module")
def sent(post):
    """Return {name: the HTML that arrived}, without footer and tracking."""
    return post()


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_the_same_as_stored_as_sent_and_in_gmail(office, page, shown, sent, name):
    page.context.add_cookies(office.login("admin").cookies())
    folder = paths.RUN / "fidelity"
    results = list(fidelity.compare(page, office.url, shown[name], sent[name], folder))
    assert len(results) == 2 * len(fidelity.WIDTHS)
    assert [result.row() for result in results if not result.is_kept()] == []


def test_nothing_is_changed_on_the_way_but_links(office, shown, post):
    """With footer and tracking, which stand around and in links."""
    arrived = post(has_unsubscribe=True, track_clicks=True, track_opens=True)
    for name in NAMES:
        assert fidelity.find_changes(shown[name], arrived[name], office.url) == []
        assert "/partner_mailing/open/" in arrived[name]
