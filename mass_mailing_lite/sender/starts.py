"""The beginning of the mailings of a run: one after the other, between slices of those before."""

from datetime import datetime

from .transaction import in_transaction
from .wake_up import precise_now

FIRST_SLICE = 0.02  # seconds, while another mailing waits for its first message


class Starts:
    """Starts the mailings of a run that are due, and tells whose slice is next, and for how long.

    Before a mailing begins, its list is compared with what was validated: 0.2 s for 100,000
    recipients. If all were compared before the first slice, ten mailings would wait for 2 s,
    then for 1 s behind each other, and one that is validated meanwhile for the end of the run.

    :param run: the mailings of the run, an empty record for all
    :param sender: its ``Sender``; None where jobs of their own send, and no slice is asked for
    """

    def __init__(self, run, sender=None):
        self._run = run
        self._sender = sender
        self._tried = []  # ids, each once in a run
        self._slices = {}  # {mailing id: when its last slice in this run began}

    def start_next(self):
        """Start the mailing that has been due for longest, if there is one that can be started."""
        while due := in_transaction(self._run.env.cr, self._start):
            self._tried += due.ids
            # A mailing is done at once when all recipients have been excluded since.
            due._finish_if_done()
            if due.state == "sending":
                return

    def _start(self):
        return self._run._start_due(1, self._tried)

    def is_waiting(self):
        """Tell whether a mailing is due that was not started yet."""
        return bool(self._run._find_due(limit=1, tried=self._tried))

    def with_waiting(self, mailings):
        """Return mailings, and those that are due and were not started yet."""
        return mailings | self._run._find_due(tried=self._tried)

    def in_order(self, mailings):
        """Return mailings in the order of their slices: the last slice of the first is longest ago."""
        return mailings.sorted(self._get_last_slice)

    def get_seconds(self, mailing, mailings, longest):
        """Return how long the slice of a mailing is, which begins now.

        Short while another one of ``mailings`` waits for its first message; ``longest`` otherwise.
        """
        self._slices[mailing.id] = precise_now()
        is_short = self.is_waiting() or any(
            self._get_last_slice(other) is datetime.min and not self._sender.get_wait(other)
            for other in mailings
        )
        return min(FIRST_SLICE, longest) if is_short else longest

    def _get_last_slice(self, mailing):
        served = mailing.counter_id.served_at  # by any sender
        return max(filter(None, (served, self._slices.get(mailing.id))), default=datetime.min)
