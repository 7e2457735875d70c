"""The style sheet in the head of a message's page.

All looks stand in the elements, because some mail programs drop style sheets. What is left for a
sheet is what no element can say: columns below each other on a phone, and colours for a dark screen.
Each rule is for a class that templates and the editor's columns have (``o_pm_…``).
"""

from markupsafe import Markup

#: A body with this class names colours for a dark screen, too.
DARK_CLASS = "o_pm_dark"
#: What differs on a phone.
PHONE_CLASSES = ("o_pm_col", "o_pm_pad", "o_pm_row")

# Outlook for Windows draws with Word: it takes no font of the page for the text of tables, and knows
# no maximum width, so it gets a table of the width that others have as a maximum.
OUTLOOK = """<!--[if mso]>
<style>table, td { font-family: Arial, Helvetica, sans-serif; }</style>
<![endif]-->"""
OUTLOOK_BEGIN = (
    '<!--[if mso]><table role="presentation" width="680" align="center" cellpadding="0"'
    ' cellspacing="0" border="0"><tr><td><![endif]-->'
)
OUTLOOK_END = "<!--[if mso]></td></tr></table><![endif]-->"

PHONE = """
@media only screen and (max-width: 480px) {
  .o_pm_page { padding: 8px !important; }
  .o_pm_col { display: block !important; width: auto !important; }
  .o_pm_pad { padding-left: 16px !important; padding-right: 16px !important; }
  .o_pm_row { padding-left: 4px !important; padding-right: 4px !important; }
}"""

# A text keeps the colour that its author gave to it or to a part of it. Links are lighter, but not those
# on buttons (the editor puts the colour of a link into an element inside); a logo that was drawn for white paper keeps some of it.
DARK = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .o_pm_page { background-color: #14181c !important; color: #e8ebee !important; }
  .o_pm_card { background-color: #1f252b !important; }
  .o_pm_card h1, .o_pm_card h2, .o_pm_card h3, .o_pm_card td { color: #f2f4f6 !important; }
  .o_pm_soft { background-color: #2c343c !important; }
  .o_pm_card .o_pm_quiet, .o_pm_quiet, .o_pm_quiet a { color: #b9c2cb !important; }
  .o_pm_line { border-color: #46515c !important; }
  .o_pm_outline { border-color: #8fd0f0 !important; }
  .o_pm_logo img { padding: 8px !important; background-color: #ffffff !important; border-radius: 6px !important; }
  .o_pm_card p a, .o_pm_card li a, .o_pm_outline a, .o_pm_files a,
  .o_pm_card p a font, .o_pm_card li a font, .o_pm_outline a font { color: #8fd0f0 !important; }
  .o_pm_card p .btn, .o_pm_card p .btn font { color: #ffffff !important; }
}"""
DARK_META = (
    '<meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark">'
)


def has_dark_colors(body):
    """Tell whether a body names colours for a dark screen."""
    return DARK_CLASS in body


def get_parts(body, is_dark):
    """Return what the page around a body has beside its texts, as HTML: {name in the view: Markup}.

    :param str body: HTML of the page's body
    :param is_dark: whether all that stands on the page bears a dark background
    """
    is_wide = any(name in body for name in PHONE_CLASSES)
    rules = (PHONE if is_wide else "") + (DARK if is_dark else "")
    sheet = f"<style>{rules}\n</style>" if rules else ""
    return {
        "styles": Markup(f"{DARK_META if is_dark else ''}{sheet}{OUTLOOK}"),
        "outlook_begin": Markup(OUTLOOK_BEGIN),
        "outlook_end": Markup(OUTLOOK_END),
    }
