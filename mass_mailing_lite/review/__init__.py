"""What a validator decides on: a room of plain classes, each made of a mailing for one call.

::

    ReviewPage        page.py             the values of the review page, in order of the page
      ListSummary     list_summary.py     how the list is made up, stored with the request
      PersonalValues  personal_values.py  the longest values of placeholders, stored with it
      Comparison      comparison.py       what changed since the last decision
    render_preflight  preflight.py        the findings of the checks, for the page and for mail
    describe_linked   linked.py           the mailings that are decided on together with one
    describe_…        words.py            requests and decisions in words
    Fingerprint       fingerprint.py      SHA-256 over all that reaches a recipient
    ScheduleChoice    schedule_choice.py  a Send On that has passed, when it is decided on
    Proof             proof.py            the message that a validator gets in her own mailbox
    ProofRun          proof_run.py        one try to send the proofs of a mailing

The models call them in short methods of ``models/partner_mailing_approval.py``, and keep what is
stored, the rights and the state. A class takes a ``partner.mailing`` record as it is: its
environment decides rights and language.
"""

from .comparison import Comparison, get_content
from .fingerprint import Fingerprint
from .linked import describe_linked
from .list_summary import ListSummary
from .page import ReviewPage, render
from .preflight import get_preflight, render_preflight
from .proof import REVIEW_PATH, ask_for_proofs, of_language
from .proof_run import ProofRun, describe_proofs
from .schedule_choice import ScheduleChoice
from .words import describe_decision, describe_request, join_names, to_paragraphs

__all__ = [
    "REVIEW_PATH",
    "Comparison",
    "Fingerprint",
    "ListSummary",
    "ProofRun",
    "ReviewPage",
    "ScheduleChoice",
    "ask_for_proofs",
    "describe_decision",
    "describe_linked",
    "describe_proofs",
    "describe_request",
    "get_content",
    "get_preflight",
    "join_names",
    "of_language",
    "render",
    "render_preflight",
    "to_paragraphs",
]
