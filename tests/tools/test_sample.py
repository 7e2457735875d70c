import time

import pytest
from addon.tools import sample
from hypothesis import given
from hypothesis import strategies as st

WORKSHOP = "After six months of building we have moved in."


def find(source):
    return list(sample.find_samples(*sample.read_html(source)).values())


@pytest.mark.parametrize(
    "source",
    [
        f"<p>{WORKSHOP}</p>",
        f"<!-- a comment --><div>Ours. {WORKSHOP} Ours.</div>",
        "<p>After six <b>mon</b>ths of&nbsp;building\u00ad\nwe have moved in</p>",
        f"<table><tr><td>{WORKSHOP}</td></tr></table>",
        f"Ours<br>{WORKSHOP}",
    ],
)
def test_a_passage_is_found_whatever_stands_around_it(source):
    assert len(find(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "",
        "<p></p>",
        "<p>After six months of building we have moved out.</p>",
        "<p>After six months of building</p><p>we have moved in.</p>",
        f"<style>{WORKSHOP}</style>",
        f'<p><t t-out="object.name">{WORKSHOP}</t></p>',
        "<p>When</p><p>Where</p><p>180.00</p><p>12</p>",
        "<a href='https://www.example.com/'>Ours</a><a href='mailto:a@example.com'>b</a>",
    ],
)
def test_what_is_no_passage_is_not_found(source):
    assert not find(source)


def test_a_link_is_found_by_its_address():
    for address in ("https://www.example.com/workshop", "http://example.com/workshop/"):
        assert find(f'<a href="{address}">Ours</a>') == [address]


@given(st.text())
def test_any_text_is_read(text):
    sample.find_samples(sample.read_text(text), [text])
    sample.read_html(text)


def test_a_long_body_takes_linear_time():
    def measure(size):
        source = "<p>Some words, and more. </p>" * size + "<b>" * 200
        begin = time.process_time()
        find(source)
        return time.process_time() - begin

    def quickest(size):
        # The least of several: other programs on the machine make some of them slower.
        return min(measure(size) for _ in range(5))

    assert quickest(5000) < 40 * quickest(500)
