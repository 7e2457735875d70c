"""One try to send the proofs of a mailing, with a server that may not take them."""

from collections import defaultdict
from datetime import timedelta
from typing import NamedTuple

from odoo.exceptions import UserError
from odoo.tools import format_list

from ..delivery import outcome as outcomes
from ..delivery.smtp.pool import NoSession
from .proof import Proof, get_readers

WAITING, SENT, FAILED, VOID = "waiting", "sent", "failed", "void"
# After a try that the server did not take, three more within three hours.
RETRY_MINUTES = (5, 30, 120)
MAX_TRIES = len(RETRY_MINUTES) + 1


class Result(NamedTuple):
    """What became of a proof.

    :ivar state: that of the ``partner.mailing.proof``
    :ivar reason: why it was not sent, in words
    :ivar wait: how long it waits for a rate limit; None where it does not
    """

    state: str
    reason: str = ""
    wait: timedelta | None = None


class ProofRun:
    """Makes the messages of proofs and hands them to the mail server; nothing is recorded.

    :param mailing: a ``partner.mailing`` record with the rights of the system, in the language of
        the words
    :param proofs: ``partner.mailing.proof`` records of one mailing, with the same rights
    :ivar results: {proof: its ``Result``}
    """

    def __init__(self, mailing, proofs):
        self.mailing = mailing
        self.env = mailing.env
        self.results = {}
        self._proofs = proofs
        self._transport = mailing._get_transport()

    def transmit(self):
        """Send what can be sent now; return {proof: its ``Result``}."""
        ready = self._find_ready()
        if ready:
            ready = self._reserve(ready)
        for (lang, around, prefix), rows in self._group(ready).items():
            self._transmit(lang, around, prefix, rows)
        return self.results

    # ------------------------------------------------------------
    # Who gets one
    # ------------------------------------------------------------

    def _find_ready(self):
        """Return {address: [(proof, ``Proof``)]}, and settle the others.

        Validators that share a mailbox get one message.
        """
        problem, ready = self._get_problem(), defaultdict(list)
        asked = get_readers(self.mailing, self.mailing._get_validators())
        for proof in self._proofs:
            mailing, request, user = self.mailing, proof.approval_id, proof.user_id
            made = Proof(mailing, request, user)
            if request.state != "pending" or user not in asked or not made.is_allowed():
                self.results[proof] = Result(VOID)
            elif reason := problem or self._get_reason(proof, made):
                self.results[proof] = Result(FAILED, reason)
            else:
                ready[made.get_address()].append((proof, made))
        return ready

    def _get_problem(self):
        """Return why no message of the mailing may leave now, in words, or False."""
        try:
            self._transport.check_addresses()
        except UserError as error:
            return str(error)
        return self.mailing._get_departure_problem(self._proofs.approval_id.requested_by_id[:1])

    def _get_reason(self, proof, made):
        """Return why a validator gets no proof, in words, or False."""
        if not made.get_address():
            return self.env._("there is no e-mail address.")
        if proof.attempts > MAX_TRIES:
            return self.env._("an error, which the server's log describes.")
        most = self.mailing.company_id.partner_mailing_test_limit_day
        if most and proof._count_lately() >= most:
            return self.env._("there were %s proofs of the same author within a day.", most)
        return False

    def _reserve(self, ready):
        """Return those of the addresses that the limits of the server have room for."""
        tester = self.env["partner.mailing.tester"]
        picked, wait = tester._reserve_proofs(self.mailing, list(ready))
        for address in ready.keys() - set(picked):
            for proof, _made in ready[address]:
                self.results[proof] = Result(WAITING, wait=timedelta(seconds=wait))
        return {address: ready[address] for address in picked}

    # ------------------------------------------------------------
    # Messages
    # ------------------------------------------------------------

    def _group(self, ready):
        """Return {(language, what stands around the body, prefix): [(proofs, row)]}.

        Each is compiled once, with its files.
        """
        groups = defaultdict(list)
        for sharing in ready.values():
            proofs, [made, *_others] = zip(*sharing, strict=True)
            reader = made.find_reader()
            row = made.get_row(proofs[0].id, reader)
            lang = self.mailing._get_recipient_language(row)
            groups[lang, made.get_around(reader), made.get_prefix()].append((proofs, row))
        return groups

    def _transmit(self, lang, around, prefix, rows):
        """Send messages of one group, over a session of its own."""
        try:
            session = self._transport.connect()
            try:
                envelopes = self._fill(session, lang, around, prefix, rows)
            except BaseException:
                session.close()
                raise
            outcomes_ = self._transport.transmit_alone(session, [one for _p, one in envelopes])
        except NoSession as error:
            words = self._transport.translate_fault(error.outcome.text)
            for proofs, _row in rows:
                self._retry(proofs, words)
        except UserError as error:  # the message cannot be made, or sending is switched off
            for proofs, _row in rows:
                self._settle(proofs, Result(FAILED, str(error)))
        else:
            for (proofs, _envelope), outcome in zip(envelopes, outcomes_, strict=True):
                self._take(proofs, outcome)

    def _fill(self, session, lang, around, prefix, rows):
        """Return [(proofs, message)], and settle those whose message cannot be made."""
        compiled = self._transport.compile(lang, session, prefix, around)
        filled = self._transport.fill(compiled, [row for _proofs, row in rows])
        made = []
        for (proofs, _row), (_same, message, error) in zip(rows, filled, strict=True):
            if error:
                self._settle(proofs, Result(FAILED, error))
            else:
                made.append((proofs, message))
        return made

    def _take(self, proofs, outcome):
        if outcome.kind in (outcomes.SENT, outcomes.UNCERTAIN):
            self._settle(proofs, Result(SENT))
        elif outcome.kind is outcomes.REFUSED:
            self._settle(proofs, Result(FAILED, outcome.text))
        else:
            self._retry(proofs, self._transport.translate_fault(outcome.text))

    def _retry(self, proofs, words):
        for proof in proofs:
            state = FAILED if proof.attempts >= MAX_TRIES else WAITING
            self.results[proof] = Result(state, words)

    def _settle(self, proofs, result):
        self.results.update(dict.fromkeys(proofs, result))


def describe_proofs(mailing, results):
    """Return what became of proofs as sentences for the chatter.

    A proof that the server did not take is named at its first and its last try.

    :param mailing: in the language of the words
    :param results: {proof: its ``Result``}
    """
    env, sentences, reasons = mailing.env, [], defaultdict(list)
    names = [one.user_id.name for one, result in results.items() if result.state == SENT]
    if names:
        sentences.append(env._("A proof was sent to %s.", format_list(env, names)))
    for proof, result in results.items():
        if result.reason and (result.state == FAILED or proof.attempts == 1):
            reasons[result.state, result.reason].append(proof.user_id.name)
    for (state, reason), named in reasons.items():
        values = {"names": format_list(env, named), "reason": reason}
        if state == FAILED:
            words = env._("No proof was sent to %(names)s: %(reason)s", **values)
        else:
            words = env._(
                "The proof could not be sent to %(names)s, and is tried again later: %(reason)s",
                **values,
            )
        sentences.append(words)
    return sentences
