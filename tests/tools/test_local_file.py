import pytest
from addon.tools.local_file import find, replace

BASE = "https://odoo.example.com"


@pytest.mark.parametrize(
    ("address", "changed"),
    [
        ("/web/image/12", "/web/image/77?access_token=new"),
        ("/web/image/12?access_token=old", "/web/image/77?access_token=new"),
        ("/web/image/12-abc/a.png", "/web/image/77-abc/a.png?access_token=new"),
        ("/web/image/12/300x200?unique=1", "/web/image/77/300x200?unique=1&amp;access_token=new"),
        (
            "/web/image/ir.attachment/12/datas?a=1&amp;access_token=old",
            "/web/image/ir.attachment/77/datas?a=1&amp;access_token=new",
        ),
        (
            "/web/image?model=ir.attachment&amp;id=12",
            "/web/image?model=ir.attachment&amp;id=77&amp;access_token=new",
        ),
        ("/web/content/12?download=1", "/web/content/77?download=1&amp;access_token=new"),
        (f"{BASE}/web/image/12", f"{BASE}/web/image/77?access_token=new"),
        ("/web/content/12#page=2", "/web/content/77?access_token=new#page=2"),
    ],
)
@pytest.mark.parametrize(
    "html", ['<img src="%s">', "<p style='background: url(%s)'>", '<p style="url(&quot;%s&quot;)">']
)
def test_an_address_of_a_file_is_replaced(html, address, changed):
    assert list(find(html % address, BASE)) == [12]
    assert replace(html % address, BASE, {12: (77, "new")}) == html % changed
    again = replace(html % changed, BASE, {77: (77, "new")})
    assert again == html % changed


@pytest.mark.parametrize(
    "address",
    [
        "https://other.example.org/web/image/12",
        "/web/image/res.partner/12/avatar_128",
        "/web/image?model=product.template&amp;id=12&amp;field=image",
        "/web/image/website.logo",
        "/web/image/12abc",
        "/shop/web/image/12",
        "/web/images/12",
    ],
)
def test_other_addresses_stay(address):
    html = f'<img src="{address}">'
    assert find(html, BASE) == {}
    assert replace(html, BASE, {12: (77, "new")}) == html


def test_tokens_are_found_with_the_files():
    body = '<img src="/web/image/5?access_token=a"><img src="/web/image/5?access_token=b">'
    assert find(body, BASE) == {5: {"a", "b"}}
