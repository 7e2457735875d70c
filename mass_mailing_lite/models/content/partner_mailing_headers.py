import ipaddress

from odoo import models


class PartnerMailing(models.Model):
    """Headers by which mail programs and bounces find their way."""

    _inherit = "partner.mailing"

    def _get_list_headers(self):
        """Return the headers that name the list, and the address for bounces.

        Return-Path is written as Odoo's own mails have it: an addon that sends
        messages from their headers alone finds the envelope sender there.
        """
        headers = {"List-Id": f"<{self._get_list_id()}>"}
        company = self.company_id.sudo()
        if bounce := company.alias_domain_id.bounce_email or company.bounce_email:
            headers["Return-Path"] = bounce
        if name := company.partner_mailing_feedback_name:
            # What a provider counts complaints by: up to three names of ours, then the sender's
            # (documented with Gmail's feedback loop).
            headers["Feedback-ID"] = f"{self.id}:{company.id}:mailing:{name}"
        return headers

    def _get_list_id(self):
        """Return what identifies a company's mailings for good (RFC 2919, section 3).

        Without a domain name it ends in ``localhost``, and the database's own
        number makes it unique, as section 3 asks for.
        """
        host = self.env["partner.mailing.recipient"]._message_id_host()
        label = f"mailings-{self.company_id.id}"
        if "." in host and not is_ip_address(host):
            return f"{label}.{host}"
        unique = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return f"{label}.{unique}.localhost"


def is_ip_address(host):
    """Tell whether a host is named by a number."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
