"""No text begins a header of its own, whatever the Python that makes the message."""

import email
import email.policy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from .header_corpus import PIECES, USUAL, make

CORPUS = Path(__file__).with_name("header_corpus.py")
SEED, COUNT = 20, 400
OLDEST, NEWEST = 10, 14  # minor versions of Python 3 that are looked for
FIELDS = [
    *("Message-Id", "Subject", "From", "Reply-To", "To", "Cc", "Date", "X-Custom", "List-Help"),
    *("MIME-Version", "Content-Type"),
]
MIME = ["MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]


def find_pythons():
    """Return {version: path} of the Pythons on this machine, this one first."""
    found = {sys.version.split()[0]: sys.executable}
    folders = [*os.environ.get("PATH", "").split(os.pathsep)]
    folders += map(str, Path.home().glob(".pyenv/versions/*/bin"))
    for minor in range(OLDEST, NEWEST + 1):
        for folder in folders:
            path = shutil.which(f"python3.{minor}", path=folder)
            if not path:
                continue
            code = "import sys; print(sys.version.split()[0])"
            told = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
            if told.returncode == 0:
                found.setdefault(told.stdout.strip(), path)
    return found


def make_messages(python):
    """Return the messages that a Python makes: [(texts, octets or None)]."""
    libraries = [str(Path(email.__file__).parents[1]), *sys.path]
    packages = os.pathsep.join(path for path in libraries if path.endswith("site-packages"))
    done = subprocess.run(
        [python, "-W", "error::SyntaxWarning", str(CORPUS), str(SEED), str(COUNT)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": packages, "PYTHONIOENCODING": "utf-8"},
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    lines = map(json.loads, done.stdout.decode().splitlines())
    return [(line["spec"], line["made"]) for line in lines]


def read_strictly(block):
    """Return [(name, value unfolded)] of a header by RFC 5322, section 2.2, and nothing more."""
    fields = []
    for line in block.split("\r\n"):
        assert not re.search("[\r\n\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]", line), line
        assert len(line.encode()) <= 998
        if line[0] in " \t":
            assert line.strip(), "a line of blanks may end the header"
            fields[-1][1] += line
        else:
            name, colon, value = line.partition(":")
            assert colon
            assert re.fullmatch("[!-9;-~]+", name), line
            fields.append([name, value])
    return fields


def check(spec, made):
    block, _blank, body = made.partition("\r\n\r\n")
    assert [name for name, _value in read_strictly(block)] == FIELDS
    for policy in (email.policy.SMTP, email.policy.compat32):
        message = email.message_from_bytes(made.encode("utf-8", "surrogateescape"), policy=policy)
        assert message.keys() == FIELDS
        assert message.get_content_type() == "multipart/mixed"
        assert not message.defects
        kinds = [part.get_content_type() for part in message.walk()][1:]
        assert kinds == ["multipart/alternative", "text/plain", "text/html", "application/pdf"]
        for part in message.walk():
            assert part is message or set(part.keys()) <= set(MIME)
    for part in re.findall("--BOUNDARY\\d\r\n(.*?)\r\n\r\n", body, re.DOTALL):
        assert {name for name, _value in read_strictly(part)} <= set(MIME)


TEXT = st.lists(st.sampled_from(PIECES + USUAL) | st.text(max_size=4), max_size=5).map("".join)
HARMLESS = {
    "subject": "News",
    "from": "us@example.com",
    "reply_to": "us@example.com",
    "cc": "a@example.com",
    "custom": "x",
    "link": "<https://example.com/>",
    "file": "a.pdf",
    "name": "Ada",
    "value": "x",
}
SUBJECT = "=?utf-8?q?News=0D=0AContent-Type:_text/html=0D=0A=0D=0A<h1>Other</h1>?="


@given(st.sampled_from(sorted(HARMLESS)), TEXT, st.booleans())
@example("subject", SUBJECT, False)
@example("subject", SUBJECT, True)
@example("from", f"{SUBJECT} <us@example.com>", False)
@example("cc", f'"{SUBJECT}" <us@example.com>, b@example.com', False)
@example("file", SUBJECT, False)
@example("name", SUBJECT, True)
@example("value", SUBJECT, True)
@settings(max_examples=120, deadline=None)
def test_no_text_leaves_its_field(name, text, is_gated):
    if name in ("from", "reply_to", "cc") and "@" not in text:
        text = f'"{text}" <us@example.com>'
    octets = make({**HARMLESS, name: text, "is_gated": is_gated})
    if octets:
        check({}, octets.decode("utf-8", "surrogateescape"))


THIS = make_messages(sys.executable)


def test_each_text_stays_in_its_field():
    made = [(spec, made) for spec, made in THIS if made]
    assert len(made) > COUNT / 8
    assert sum(spec["is_gated"] for spec, _made in made) > COUNT / 16
    for spec, octets in made:
        check(spec, octets)


@pytest.mark.parametrize("version", [v for v in find_pythons() if v != sys.version.split()[0]])
def test_another_python_makes_the_same(version):
    """What was read when it was saved becomes the same octets; what was not, no other field."""
    other = make_messages(find_pythons()[version])
    for (spec, here), (_spec, there) in zip(THIS, other, strict=True):
        if spec["is_gated"]:
            assert here == there, spec
        elif there:
            check(spec, there)
