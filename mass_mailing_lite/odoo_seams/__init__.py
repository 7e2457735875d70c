"""Where the addon replaces or extends private parts of Odoo and of libraries, which may change:
one file each.

=================  ================================================================================
``ir_qweb``        compiles a template without a view once and runs it many times (model)
``mail_gateway``   bounces and replies: five methods of the mail gateway (model)
``automation``     whether automation rules or tracking extend ``write``; server actions that they
                   run get no right of ours (model)
``chatter``        notes in the chatter of many records in one statement
``scheduler``      a trigger of a scheduled action for this moment, without the ORM
``smtp_session``   how far ``smtplib`` has transmitted a message of ``ir.mail_server``
``tls_context``    what ``ir.mail_server`` makes TLS connections with, so that sessions are resumed
=================  ================================================================================

Other private parts are used where their result is needed. Each is a single call, or a method that
Odoo means to be overridden, and is listed here.

========================================  =========================================================
``ir.mail_server``: ``_connect__``,       ``transport/smtp.py``
``_match_from_filter``
``_build_email__``                        ``models/ir_mail_server.py``, ``transport/one_by_one.py``
``_prepare_email_message__``              ``models/partner_mailing_message.py``,
                                          ``transport/smtp.py``
``_find_mail_server…``,                   ``models/partner_mailing_message.py``
``_get_default_from_filter``
``_active_usages_compute``                ``models/ir_mail_server.py``
``mail.render.mixin``:                    ``models/partner_mailing_message.py``
``_render_eval_context``
``_has_unsafe_expression…``               ``models/partner_mailing_content.py``
``_get_stored_translations`` of a field   ``models/partner_mailing_content.py``
``_display_address`` of a contact         ``models/partner_mailing_message.py``
``bus.bus._sendone``                      ``models/partner_mailing_sending.py``
``ir.binary._get_stream_from``            ``controllers/file.py``
``_build_bus_channel_list``               ``models/ir_websocket.py``
``_check_access`` and ``_search`` of a    ``wizard/mailing_dialog.py``
model
``_convert`` of an HTML field             ``models/body_field.py``
classes of ``convert_inline.js``          ``tools/design.py``
``_init_modules`` of a registry           ``preflight/check.py``
``_field_to_sql`` of a model, ``join``    ``models/partner_mailing_approval.py``
of a many2one field
========================================  =========================================================

``tests/test_odoo_seams.py`` compares all of them with the Odoo that is installed. After an update
of Odoo it says in a sentence what has changed, and which file depends on it.
"""

from . import automation, ir_qweb, mail_gateway
