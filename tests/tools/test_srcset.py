import pytest
from addon.tools.srcset import find_addresses, replace_addresses, replace_in_srcsets
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("/a.png", ["/a.png"]),
        ("/a.png 1x, /b.png 2x", ["/a.png", "/b.png"]),
        ("/a.png 1x,/b.png 2x", ["/a.png", "/b.png"]),
        ("/a.png, /b.png 2x", ["/a.png", "/b.png"]),
        ("/a.png,/b.png 2x", ["/a.png,/b.png"]),
        ("/a,b.png 480w, /c?size=1,2 800w", ["/a,b.png", "/c?size=1,2"]),
        ("data:image/png;base64,AA,BB 1x, /b.png 2x", ["data:image/png;base64,AA,BB", "/b.png"]),
        (" \n,\t/a.png   1x ,\n /b.png\t2x\n", ["/a.png", "/b.png"]),
        ("/a.png (1,2) 1x, /b.png", ["/a.png", "/b.png"]),
        ("/a.png 100w 50h,/b.png 200w,", ["/a.png", "/b.png"]),
        ("", []),
        (" , ,, ", []),
        ("/a.png (unclosed, /b.png", ["/a.png"]),
    ],
)
def test_the_addresses_are_those_that_a_browser_finds(value, addresses):
    assert find_addresses(value) == addresses


def test_descriptors_and_blanks_stay_as_they_are():
    value = "  /a.png 1x,\n  //cdn.example/b.png 2x"
    changed = replace_addresses(value, lambda address: f"https://shop.example{address}")
    assert (
        changed == "  https://shop.example/a.png 1x,\n  https://shop.example//cdn.example/b.png 2x"
    )


def test_all_srcsets_of_a_page_are_completed_and_nothing_else():
    source = (
        '<picture><source srcset="/a.png 1x, /b.png?x=1&amp;y=2 2x"/>'
        "<img alt='srcset=\"/c\"' src=\"/d.png\" srcset='/e.png 2x'/></picture>"
    )
    assert replace_in_srcsets(source, lambda address: f"H{address}") == (
        '<picture><source srcset="H/a.png 1x, H/b.png?x=1&amp;y=2 2x"/>'
        "<img alt='srcset=\"/c\"' src=\"/d.png\" srcset='H/e.png 2x'/></picture>"
    )


@given(st.text(alphabet="/a,()\t 12wx:;&", max_size=60))
def test_whatever_stands_in_a_srcset_is_kept(value):
    assert replace_addresses(value, lambda address: address) == value
