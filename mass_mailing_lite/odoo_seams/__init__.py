"""Where the addon leans on private parts of Odoo and of libraries: one file for each part.

===================  =========================================================================
``ir_qweb``          compiles a template without a view once, runs it many times (models file)
``mail_gateway``     five private methods of the mail gateway (models file)
``automation``       how automation rules put themselves around ``write``
``chatter``          notes in the chatter of many records in one statement
``scheduler``        a trigger of the scheduled action for this moment, past the ORM
``smtp_session``     what ``smtplib`` does with a message that ``ir.mail_server`` hands to it
===================  =========================================================================

``tests/test_odoo_seams.py`` holds each of them against the Odoo that is installed, and says in a
sentence what has changed.
"""

from . import ir_qweb, mail_gateway
