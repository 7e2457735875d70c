"""How Odoo's ``sms.sms`` finds the API of a provider and hands a batch to it."""

from ..transport.outcome import from_answer


def get_batch_size(sms):
    """Return how many SMS Odoo hands to the provider of a company at once.

    :param sms: ``sms.sms`` in the company
    """
    return sms._get_send_batch_size()


def split_by_provider(records):
    """Return pairs: the API of a provider (an ``SmsApiBase``), and the SMS that it sends."""
    return records._split_by_api()


class Listener:
    """Stands in the place of the API of a provider, and notes what it answers.

    Whatever Odoo and other addons do with the answers afterwards: they are known.

    :param api: an ``SmsApiBase``
    :param commit: callable that ends the transaction. A provider's reports come while it is being
        called: what is written afterwards must see them, and they must not wait for its locks
    """

    def __init__(self, api, commit):
        self._api = api
        self._commit = commit
        self._answers = ()

    def __getattr__(self, name):
        return getattr(self._api, name)

    def send(self, records):
        """Let Odoo send SMS through this API.

        :raises Exception: whatever the provider's addon raises
        """
        # Odoo's `_send` takes the API from the context, and asks the company without one.
        records.with_context(sms_api=self, partner_mailing_sending=True)._send(
            unlink_failed=True, unlink_sent=True, raise_exception=True
        )

    def get_outcomes(self):
        """Return {uuid: SmsOutcome} of the SMS of which something is known."""
        return {answer["uuid"]: from_answer(answer) for answer in self._answers or ()}

    def _send_sms_batch(self, messages, *args, **kwargs):
        self._commit()
        self._answers = self._api._send_sms_batch(messages, *args, **kwargs)
        self._commit()
        return self._answers
