"""`make demo`: the main job, from an empty database to messages in an inbox.

The author (login `marketing`) writes a mailing to one tag without another, the validator validates
it, and the scheduled action of a running Odoo server sends it. The demo waits, and then compares the
results of the mailing with the messages in the inbox.
"""

import base64
import time
from collections import Counter

from . import company, maildir, serve
from .console import Failure, end_progress_bar, progress_bar, say, step, table

MAILING = "partner.mailing"
RECIPIENT = "partner.mailing.recipient"
TAG_IN, TAG_OUT = "Newsletter", "VIP"
OVER = ("done", "paused", "cancelled")
STANDSTILL = 150  # seconds without progress; a scheduled action may start a minute late

SUBJECT = "News for {{ object.name }}"
BODY = """
<p>Dear <t t-out="object.name"/>,</p>
<p>the new catalogue is out. You find the prices attached, and us on the second floor.</p>
<p>With kind regards</p>
"""
ATTACHMENT = ("prices.csv", b"article,price\nnotebook,4.20\npencil,0.80\n")

# Words of the weights of findings.
LEVELS = {"stop": "stops", "warning": "warning", "info": "good to know"}

# Fields of the status table and their headings.
COLUMNS = {
    "name": "Title",
    "recipient_count": "Recipients",
    "sent_count": "Sent",
    "pending_count": "Waiting",
    "failed_count": "Failed",
    "skipped_count": "Excluded",
    "state": "Status",
    "create_date": "Created (UTC)",
    "started_at": "Began",
    "finished_at": "Ended",
}


def demo(_arguments):
    """Do the main job; the exit code is 0 if the inbox has exactly the messages that were sent."""
    with serve.running(new=True) as (url, name):
        marketing = company.login(url, name, "marketing")
        validator = company.login(url, name, "validator")
        with step("The author writes a mailing and submits it"):
            mailing = write_mailing(marketing)
            findings = marketing.read(MAILING, mailing, "findings")["findings"]
            marketing.call(MAILING, "action_submit", [mailing])
        say_preflight(findings or [])
        with step("The validator validates it"):
            validator.call(MAILING, "action_validate", [mailing])
        say("· The scheduled action sends it …")
        watch(marketing, mailing)
        report(marketing, mailing)
        compare(marketing, mailing, serve.MAILDIR)
        # From now on, as in a company: until here the inbox holds what the mailing sent, and no more.
        company.switch_proofs(company.login(url, name, "admin"), is_on=True)
    say("`make serve` shows the mailing in the web client.")
    return 0


def write_mailing(user):
    """Create a mailing to contacts with one tag and without another; return its id."""
    tags = {tag["name"]: tag["id"] for tag in user.search_read("res.partner.category", [], "name")}
    audience = user.create(
        "partner.mailing.audience",
        name=f"{TAG_IN} without {TAG_OUT}",
        category_ids=[(4, tags[TAG_IN])],
        excluded_category_ids=[(4, tags[TAG_OUT])],
    )
    file_name, content = ATTACHMENT
    attachment = user.create(
        "ir.attachment",
        name=file_name,
        datas=base64.b64encode(content).decode(),
        mimetype="text/csv",
    )
    mailing = user.create(
        MAILING,
        name="Spring catalogue",
        subject=SUBJECT,
        body_html=BODY,
        audience_ids=[(4, audience)],
        attachment_ids=[(4, attachment)],
    )
    user.call(MAILING, "action_load_recipients", [mailing])
    return mailing


def say_preflight(findings):
    """Print what the checks found in the mailing before it was submitted, the gravest first."""
    say("\nPreflight:")
    for finding in findings:
        say(f"  {LEVELS[finding['level']]:<13} {finding['message']}")
        for line in filter(None, [finding["remedy"], *finding.get("lines", [])]):
            say(f"  {'':<13}   {line}")
    if all(finding["level"] == "info" for finding in findings):
        say("  Nothing was found that needs attention.")
    say()


def watch(user, mailing):
    """Draw the progress until the mailing has ended.

    :raises Failure: when there is no progress for ``STANDSTILL`` seconds
    """
    last, since = None, time.monotonic()
    names = ("state", "progress", "recipient_count", "sent_count", "failed_count", "pending_count")
    while True:
        now = user.read(MAILING, mailing, *names)
        text = "{state}: {sent_count} sent, {failed_count} failed, {pending_count} waiting"
        if now != last:
            progress_bar(now["progress"], text.format(**now))
            last, since = now, time.monotonic()
        if now["state"] in OVER:
            break
        if time.monotonic() - since > STANDSTILL:
            raise Failure(
                f"The mailing makes no progress at {text.format(**now)}: look into .run/log."
            )
        time.sleep(0.5)
    end_progress_bar()


def report(user, mailing):
    """Print the status table, why addresses were excluded, and what failed."""
    status = user.read(MAILING, mailing, *COLUMNS)
    status["state"] = _labels(user, MAILING, "state")[status["state"]]
    say()
    table([["–" if status[name] is False else status[name] for name in COLUMNS]], COLUMNS.values())
    _report_reasons(user, mailing, "Excluded", "skipped", "skip_reason")
    _report_reasons(user, mailing, "Failed", "failed", "failure_type")


def _report_reasons(user, mailing, title, state, field):
    """Count the recipients in a state by their reason, with an address as an example."""
    domain = [("mailing_id", "=", mailing), ("state", "=", state)]
    rows = user.search_read(RECIPIENT, domain, field, "email")
    if not rows:
        return
    labels = _labels(user, RECIPIENT, field)
    counts = Counter(row[field] for row in rows)
    examples = {row[field]: row["email"] for row in reversed(rows)}
    say(f"\n{title}:")
    for reason, count in counts.most_common():
        example = f"such as {' '.join(examples[reason].split())}" if examples[reason] else ""
        say(f"  {count:>6}  {labels.get(reason, reason):<30} {example}".rstrip())


def _labels(user, model, field):
    """Return the texts of a selection field's values, by value."""
    answer = user.call(model, "fields_get", [field], ["selection"])
    return dict(answer[field].get("selection", []))


def compare(user, mailing, inbox):
    """Compare the inbox with the recipients that are sent: exactly one message for each.

    :raises Failure: says how many differ
    """
    domain = [("mailing_id", "=", mailing), ("state", "=", "sent")]
    rows = user.search_read(RECIPIENT, domain, "email_normalized", "message_id")
    said = Counter((on_the_wire(row["email_normalized"]), row["message_id"]) for row in rows)
    held = Counter()
    for delivery in maildir.deliveries(inbox):
        addresses = [on_the_wire(address) for address in delivery.to]
        if addresses != [on_the_wire(address) for address in delivery.recipients]:
            raise Failure(
                f"{delivery.path} was delivered to another address than its headers name."
            )
        held.update((address, delivery.message_id) for address in addresses)
    if not said or said != held:
        raise Failure(
            f"The mailing says that {said.total()} messages were sent and the inbox holds "
            f"{held.total()}, of which {(said & held).total()} are the same: "
            f"look into .run/log and {inbox}."
        )
    say(
        f"\nThe inbox has exactly the {held.total()} messages that the mailing says were sent:"
        f"\n  {inbox / 'new'}"
    )


def on_the_wire(address):
    """Return an address as mail servers compare it: in lower case, the domain in ASCII."""
    local, _at, host = address.lower().rpartition("@")
    return f"{local}@{host.encode('idna').decode()}"
