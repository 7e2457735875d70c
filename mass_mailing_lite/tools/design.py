"""Bodies that Odoo's builder made: what the page around them must have, so that they look as designed.

The builder turns a design into tables with all styles in the elements (``convert_inline.js``). Two
things cannot stand there: a design reaches the edge of the window, and on a narrow screen its columns
stand one below the other. Odoo's Email Marketing has a style sheet for both, which Gmail drops as a
whole, because there are rules inside of rules in it. This one is written so that Gmail keeps it: no
rule in a rule, selectors of elements and classes only. It is also nearer to the design: pictures are
not cut, and the header is not centered where it is not so in the builder. `make bench ARGS=fidelity`
measures it.
"""

import re

from markupsafe import Markup

_DESIGN = re.compile(r"\sclass=\"(?:[^\"<>]*\s)?o_layout[\s\"]")
_COLUMNS = "o_stacking_wrapper"

# The builder measured all sizes in a wide window, and wrote them down in pixels, for Outlook and large
# screens. In a narrow one columns stand one below the other, in blocks (between inline blocks there is
# space), and heights and margins are those of what is in them. Columns need 690 px side by side; beside
# its lists Gmail leaves so much to a message in a window of 1000 px. Between 576 and 767 px the builder
# shows containers of 540 px, as Bootstrap does.
_STYLE = """
.o_layout table, .o_layout td, .o_layout div, .o_layout img { box-sizing: border-box }
@media screen and (max-width: 1000px) {
.o_stacking_wrapper { width: 100% !important; height: auto !important }
div.o_stacking_wrapper { display: block !important }
.o_stacking_wrapper td, .o_layout td { max-width: none !important; height: auto !important }
.o_layout table, .o_layout tr, .o_stacking_wrapper img { height: auto !important }
.o_layout table { margin-left: auto !important; margin-right: auto !important }
.o_mail_snippet_general .container { width: 100% !important }
}
@media screen and (min-width: 576px) and (max-width: 767px) {
.o_mail_snippet_general > tbody > tr > td > table { max-width: 540px !important }
}
"""
# Outlook enlarges pictures with the size of Windows' text, unless it is told how many dots an inch has.
_OUTLOOK = (
    "<!--[if mso]><xml><o:OfficeDocumentSettings><o:AllowPNG/>"
    "<o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]-->"
)


def is_design(body):
    """Tell whether HTML is a design of Odoo's builder, which has margins and a background of its own."""
    return bool(_DESIGN.search(body))


def get_page_values(body, is_framed):
    """Return how the page around a body differs from other pages, for its template.

    :param str body: HTML
    :param is_framed: whether the body stands in a layout, which decides on the margins
    :return: dict: ``is_full_width``, and ``head``, Markup for the page's head
    """
    has_design = is_design(body)
    head = ""
    if has_design or _COLUMNS in body:
        head = f"{_OUTLOOK}<style>{_STYLE}</style>"
    return {"is_full_width": has_design and not is_framed, "head": Markup(head)}
