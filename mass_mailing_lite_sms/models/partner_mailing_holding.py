from odoo import models

from .partner_mailing import SMS


class PartnerMailing(models.Model):
    """Trouble with a provider of SMS, in words."""

    _inherit = "partner.mailing"

    def _get_fault_in_words(self):
        if self.channel != SMS:
            return super()._get_fault_in_words()
        counter = self.sudo().counter_id
        return self.env._(
            "The SMS provider cannot be used: %(words)s. The next try, %(number)s of %(most)s, is on"
            " %(time)s.",
            words=counter.fault_words,
            number=counter.fault_count + 1,
            most=self.company_id.sudo().partner_mailing_server_tries,
            time=self._format_moment(counter.wait_until),
        )

    def _get_last_try_in_words(self, tries, words):
        if self.channel != SMS:
            return super()._get_last_try_in_words(tries, words)
        return self.env._(
            "The SMS provider could not be used at %(number)s tries in a row. It said at last:"
            " %(words)s",
            number=tries,
            words=words,
        )

    def _back_off(self, words, is_final=False):
        if self.channel != SMS or not is_final:
            return super()._back_off(words, is_final=is_final)
        self._pause_with_alert(self._get_last_try_in_words(1, words))
        self._clear_wait()
        return None
