"""The sender delivers validated mailings: plain classes around a cursor, no models.

The state of a recipient's row (``partner.mailing.recipient``)::

   loaded ──▶ pending ──claim──▶ sending ──┬─ accepted ───────────────▶ sent
                │  ▲                       ├─ refused, 8th deferral ──▶ failed
                │  │                       ├─ no reply, sender died ──▶ uncertain
                │  ├────── not tried ──────┤
                │  └────── deferred ───────┘
                └─ excluded, suppressed, cancelled ───────────────────▶ skipped

   sent, uncertain ──bounce──▶ bounced           skipped ──included again──▶ pending
   failed, uncertain ──sent again──▶ pending     uncertain ──set by a user──▶ sent

Claims walk along the list in the order of ids; the counter keeps the place that they have reached
(``claimed_to``), because rows that were sent stay in the index: to take them out of it would cost
each message the writing of all indexes. At the end of the list come the rows whose next attempt is
due, which have an index of their own, and then, if the totals show that there is one, a row that was
put back before that place.

A deferred row waits until ``next_attempt_at`` (0.5 to 24 hours); a row that was not tried may be
claimed at once. A claim is committed before its first message is transmitted, and a result as soon
as it is known: a kill leaves rows in ``sending``, which the next run makes ``uncertain``. It finds
them by the note that a sender's first claim leaves at the counter of the mailing (``claimed_by``).

The way of a run::

   scheduled action, command, job     partner.mailing._send_due: a slice for one mailing, the next
     └─ Sender             sender     all mailings of a run; server faults, waits, transactions
         └─ Worker         worker     one mailing: claim, fill, transmit, record, in rounds
             ├─ Queue      queue      claims and records rows, by id or by domain
             │   └─ RateLimiter       rate_limiter: reserves messages within the server's limits
             └─ Transport             ../transport: compiles and fills messages, opens sessions
                 └─ Pool              ../delivery/smtp/pool.py: transmits over several sessions

   wait                   why a mailing waits, and until when
   wake_up                the run after a wait: triggers the scheduled action at a moment
   transaction            runs a step again after a conflict with another transaction
   prepared_statements    the claim and the record, planned once by PostgreSQL
   sql_terms              SQL that several statements have in common

The statements themselves are methods of the models: ``partner_mailing_recipient_queue.py`` (claim,
record, recover), ``partner_mailing_reservation.py`` and ``partner_mailing_counter.py``.

Threads: all of this runs in one thread, the owner's, which alone has the cursor. It claims, fills
and records while the session threads of the pool, one for each SMTP session, put messages together
and transmit them; these threads use neither the cursor nor a model. Besides, each database has at
most one timer thread for its next wake-up, with a cursor of its own.
"""
