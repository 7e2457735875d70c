import pytest
from delivery.compose.plain_text import html_to_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("", ""),
        ("<p><br></p>", ""),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("One<br/>Two", "One\nTwo"),
        ("<div>One<br></div><div>Two</div><div><br></div><div>Three</div>", "One\nTwo\n\nThree"),
        ("a\n  b\t c", "a b c"),
        ("<h1>Title</h1><p>Text</p>", "# Title\n\nText"),
        ("<p><b>bold</b> and <i>not</i></p>", "bold and not"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ('<ol start="3"><li>One</li><li>Two</li></ol>', "3. One\n4. Two"),
        ("<ul><li>One<ul><li>Inner</li></ul></li></ul>", "- One\n  - Inner"),
        (
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
            "A | B\n1 | 2",
        ),
        ('<table role="presentation"><tr><td>A</td><td>B</td></tr></table>', "A\nB"),
        ("<table><tr><td><p>A</p></td><td><p>B</p></td></tr></table>", "A\n\nB"),
        ('<a href="https://example.com/x">here</a>', "here <https://example.com/x>"),
        ('<a href="https://example.com">https://example.com</a>', "https://example.com"),
        ('<a href="mailto:a@example.com">a@example.com</a>', "a@example.com"),
        ('<a href="#top">up</a>', "up"),
        ('<a href="https://example.com/x"><img src="y.png"/></a>', "https://example.com/x"),
        ('<img src="y.png" alt="A house"/>', "A house"),
        ("<style>p{}</style><script>x()</script><!-- no --><p>Yes</p>", "Yes"),
        ('<div style="display: none">Preheader</div><p>Body</p>', "Body"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("&lt;b&gt; &amp; &nbsp;", "<b> & \xa0"),
        ("A<hr>B", "A\n\n" + "-" * 40 + "\n\nB"),
        ("<p>unclosed <b>tags", "unclosed tags"),
    ],
)
def test_html_reads_as_if_somebody_had_typed_it(source, text):
    assert html_to_text(source) == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_text_without_markup_keeps_its_words(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    assert html_to_text(f"<p>{escaped}</p>").split() == text.split()


@given(st.text(alphabet="<>/abp div=\"'&;!-tr", max_size=200))
def test_anything_is_read_without_an_error(source):
    html_to_text(source)


def test_many_levels_are_no_matter():
    for levels in (100, 500, 5000):
        html_to_text("<div>" * levels + "deep")
    assert html_to_text("<div>" * 240 + "deep") == "deep"
