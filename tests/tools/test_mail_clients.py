"""What a message asks of mail programs is found, and compared with what they support."""

import pytest

from devtools import caniemail, mail_clients
from devtools.console import Failure

PAGE = "<!DOCTYPE html><html><head><title>News</title>{}</head><body>{}</body></html>"


@pytest.fixture(autouse=True)
def _data():
    try:
        caniemail.find()
    except Failure as error:
        pytest.skip(f"The data on mail programs cannot be had: {error}")


def find(body, head=""):
    return mail_clients.find_features(PAGE.format(head, body))


@pytest.mark.parametrize(
    ("body", "feature"),
    [
        ('<div style="display: flex">1</div>', "css-display-flex"),
        ('<div style="display:GRID">1</div>', "css-display-grid"),
        ('<p style="margin-left: 3px">1</p>', "css-margin"),
        ('<p style="border-left-color: red">1</p>', "css-border"),
        ('<p style="width: calc(100% - 3px)">1</p>', "css-unit-calc"),
        ('<p style="color: rgba(0, 0, 0, 0.5)">1</p>', "css-rgba"),
        ('<p style="color: var(--main)">1</p>', "css-variables"),
        ('<p style="background: url(&quot;a;b.png&quot;); float: left">1</p>', "css-float"),
        ('<video src="a.mp4"></video>', "html-video"),
        ('<a href="mailto:a@example.com">1</a>', "html-mailto-links"),
        ('<td background="a.png">1</td>', None),
        ('<table background="a.png"><tr><td>1</td></tr></table>', "html-background"),
    ],
)
def test_what_a_body_uses_is_found(body, feature):
    assert feature is None or feature in find(body)


@pytest.mark.parametrize(
    ("sheet", "feature"),
    [
        ("@media (max-width: 9px) { .a { float: left } }", "css-float"),
        ("@media (prefers-color-scheme: dark) { .a { color: red } }", "css-at-media"),
        (
            "@media (prefers-color-scheme: dark) { .a { color: red } }",
            "css-at-media-prefers-color-scheme",
        ),
        ("@font-face { font-family: x }", "css-at-font-face"),
        ("p.a { color: red }", "css-selector-chaining"),
        (".a .b { color: red }", "css-selector-descendant"),
        (".a > .b { color: red }", "css-selector-child"),
        (".a:hover { color: red !important }", "css-pseudo-class-hover"),
        (".a { color: red !important }", "css-important"),
        ("/* note */", "css-comments"),
    ],
)
def test_what_a_style_sheet_uses_is_found(sheet, feature):
    assert feature in find("<p>1</p>", f"<style>{sheet}</style>")


def test_what_stands_in_a_comment_for_outlook_is_asked_of_outlook_alone():
    clients = find('<!--[if mso]><p style="float: left">1</p><![endif]-->')
    assert clients["css-float"] == (mail_clients.OUTLOOK_WINDOWS,)
    assert clients["html-comments"] == mail_clients.CLIENTS


@pytest.mark.parametrize(
    "body", ['<p style="blink: fast">1</p>', "<blink>1</blink>", '<p blink="1">1</p>']
)
def test_what_the_data_do_not_know_is_refused(body):
    with pytest.raises(ValueError, match="blink"):
        find(body)


def test_a_fault_names_the_feature_and_the_programs():
    faults = mail_clients.find_faults(PAGE.format("", '<p style="display: flex">1</p>'))
    assert any("css-display-flex" in fault and "outlook.windows" in fault for fault in faults)
    assert not mail_clients.find_faults(PAGE.format("", "<table><tr><td>1</td></tr></table>"))
