"""Where the addon leans on private parts of Odoo's apps for SMS: one file for each app.

=============  ====================================================================
``tests/test_odoo_seams.py`` holds both against the Odoo that is installed, and says in a sentence
what has changed.
"""
