import contextlib
import string
import time
from email.headerregistry import HeaderRegistry

import pytest
from addon.tools import address_field, address_list, mailbox
from hypothesis import example, given
from hypothesis import strategies as st

WORD = st.text(string.ascii_lowercase + string.digits, min_size=2, max_size=12)
ADDRESS = st.builds("{}.{}@{}.example".format, WORD, WORD, WORD)
# Signs that have a meaning somewhere in an address field, and some that have none.
SIGNS = "aÄ李 \t,;|<>()[]{}\"'\\@:.=?_%\u00a0\u200b\u200d\u202e\ufeff＠＜＞，；“”«»、"
NAME = st.text(SIGNS, max_size=30) | st.text(max_size=30)

ONE = [
    ("us@example.com", "", "us@example.com"),
    ("<us@example.com>", "", "us@example.com"),
    ("<<us@example.com>>", "", "us@example.com"),
    ("Us@Example.COM", "", "Us@example.com"),
    ("us@example.com.", "", "us@example.com"),
    ("us@example.com,;", "", "us@example.com"),
    ("mailto:us@example.com?subject=Hi&cc=you@example.org", "", "us@example.com"),
    ("us@example.com<mailto:us@example.com>", "", "us@example.com"),
    ("US@example.com <us@example.com>", "", "us@example.com"),
    ("'us@example.com'", "", "us@example.com"),
    ('"us@example.com"', "", "us@example.com"),
    ("[us@example.com]", "", "us@example.com"),
    ("(us@example.com)", "", "us@example.com"),
    ("\ufeff us@example.com\u200b", "", "us@example.com"),
    ("us@exam\u00adple.com", "", "us@example.com"),
    ("ｕｓ＠ｅｘａｍｐｌｅ．ｃｏｍ", "", "us@example.com"),
    ("us@bücher.example", "", "us@bücher.example"),
    ("us@bu\u0308cher.example", "", "us@bücher.example"),
    ("Jane Doe, Sales <us@example.com>", "Jane Doe, Sales", ""),
    ("Dr. Jane Doe, Ph.D., MBA <us@example.com>", "Dr. Jane Doe, Ph.D., MBA", ""),
    ("Jane Doe; Sales <us@example.com>", "Jane Doe; Sales", ""),
    ("A | B <us@example.com>", "A | B", ""),
    ("Sales, us@example.com", "Sales", ""),
    ('"Doe, Jane" us@example.com', "Doe, Jane", ""),
    ("us@example.com Jane", "Jane", ""),
    ("us@example.com (Jane Doe)", "Jane Doe", ""),
    ("(Jane) us@example.com", "Jane", ""),
    ("Jane (Sales) <us@example.com>", "Jane (Sales)", ""),
    ("Jane (Sales, Berlin) <us@example.com>", "Jane (Sales, Berlin)", ""),
    ("Jane <us@example.com> (Sales)", "Jane (Sales)", ""),
    ("Jane (a (b) c) <us@example.com>", "Jane (a (b) c)", ""),
    ("Jane :( <us@example.com>", "Jane :(", ""),
    ("Jane <Sales> <us@example.com>", "Jane <Sales>", ""),
    ("Jane<us@example.com>.", "Jane", ""),
    ("Jane <us@example.com", "Jane", ""),
    ("Jane us@example.com>", "Jane", ""),
    ("'Jane' <us@example.com>", "Jane", ""),
    ("'Jane <us@example.com>'", "Jane", ""),
    ("\"'Jane'\" <us@example.com>", "Jane", ""),
    ("“Jane Doe, Sales” <us@example.com>", "Jane Doe, Sales", ""),
    ("«Ромашка», ООО <us@example.com>", "«Ромашка», ООО", ""),
    ("株式会社、営業部 <us@example.com>", "株式会社、営業部", ""),
    ("O'Brien <us@example.com>", "O'Brien", ""),
    ("'t Hooft <us@example.com>", "'t Hooft", ""),
    ('"Jane \\"JD\\" Doe" <us@example.com>', 'Jane "JD" Doe', ""),
    ('\\"Jane\\" <us@example.com>', "Jane", ""),
    ('Jane "JD" Doe <us@example.com>', "Jane JD Doe", ""),
    ('"Jane Doe" "Sales" <us@example.com>', "Jane Doe Sales", ""),
    ('"Jane <us@example.com>', "Jane", ""),
    ('Jane" <us@example.com>', "Jane", ""),
    ('"Jane <us@example.com>"', "Jane", ""),
    ('"a@example.org" <us@example.com>', "a@example.org", ""),
    ("Jane @ Shop <us@example.com>", "Jane @ Shop", ""),
    ("Jane\u00a0\u2003 Doe <us@example.com>", "Jane Doe", ""),
    ("Ja\u200bne\u202e <us@example.com>", "Jane", ""),
    ("🏳️\u200d🌈 Shop <us@example.com>", "🏳️\u200d🌈 Shop", ""),
    ("Jane\tDoe <us@example.com>", "Jane Doe", ""),
    ("From: Jane <us@example.com>", "Jane", ""),
    ("Shop: Sales <us@example.com>", "Shop: Sales", ""),
    ("Jane Doe [mailto:us@example.com]", "Jane Doe", ""),
    ("=?utf-8?q?J=C3=BCrgen?= <us@example.com>", "Jürgen", ""),
    ("=?UTF-8?B?SsO8cmdlbg==?= =?utf-8?q?_M?= <us@example.com>", "Jürgen M", ""),
    ('"=?iso-8859-1?q?J=FCrgen?=" <us@example.com>', "Jürgen", ""),
    ("=?utf-8?q?Doe,_Jane?= <us@example.com>", "Doe, Jane", ""),
    ("A =? B <us@example.com>", "A =? B", ""),
    ("J\\D <us@example.com>", "J\\D", ""),
    ("x" * 300 + " <us@example.com>", "x" * 300, ""),
]
REFUSED = [
    ("us", "no_at"),
    (",", "no_at"),
    ("<>", "no_at"),
    ('"', "no_at"),
    ("Jane <Sales>", "no_at"),
    ("us@", "no_domain"),
    ("@example.com", "no_local_part"),
    ("us@example", "incomplete_domain"),
    ("us@@example.com", "two_at"),
    ("u..s@example.com", "misplaced_dot"),
    ("us @ example.com", "character"),
    ("Jane <u s@example.com>", "character"),
    ("us@[127.0.0.1]", "character"),
    ("us@example.com or you@example.com", "character"),
    ("a@example.com, b@example.com", "many"),
    ("a@example.com; b@example.com", "many"),
    ("a@example.com b@example.com", "many"),
    ("A <a@example.com> B <b@example.com>", "many"),
    ("a@example.com <b@example.com>", "several"),
    ("a@example.com, Jane <b@example.com>", "many"),
    ("Jane <us@example.com> Sales", "no_at"),
    ("jürgen@example.com", "foreign_local_part"),
    ("=?utf-8?q?us?=@example.com", "coded"),
    ("=?nothing?q?Jane?= <us@example.com>", "coded"),
    ("=?utf-8?b?a?= <us@example.com>", "coded"),
    ("=?utf-8?q?=FF?= <us@example.com>", "coded"),
    ("=?utf-8?q?=3D=3Futf-8=3Fq=3FJane=3F=3D?= <us@example.com>", "coded"),
    ("=?utf-8?q?Jane=0D=0ABcc:_you=40example.com?= <us@example.com>", "control_character"),
    ('"=?utf-8?b?SmFuZQ0KQmNjOiB5b3VAZXhhbXBsZS5jb20=?=" <us@example.com>', "control_character"),
    ("=?utf-8?q?Jane=00?= <us@example.com>", "control_character"),
    ("=?utf-8?q?Jane=E2=80=A8?= <us@example.com>", "control_character"),
    ("us@example.com\nBcc: you@example.com", "control_character"),
    ("us@example.com\r\n\r\nHello", "control_character"),
    ("Jane\x00 <us@example.com>", "control_character"),
    ("Jane\u2028 <us@example.com>", "control_character"),
    ("\ud800 <us@example.com>", "control_character"),
    ("mailto:us%0D%0A@example.com", "control_character"),
    ("x" * 301 + " <us@example.com>", "long_name"),
    ("x" * 100_000 + " <us@example.com>", "long_name"),
    ("u" * 65 + "@example.com", "too_long"),
]
MANY = [
    ('"Name" <a@x.example>; b@y.example, c@z.example', ["Name", "", ""]),
    ("Doe, Jane <a@x.example>; Roe, Rick <b@y.example>", ["Doe, Jane", "Roe, Rick"]),
    ("Doe, Jane <a@x.example>, Roe, Rick <b@y.example>", ["Doe, Jane", "Roe, Rick"]),
    ("'Jane' <a@x.example>; 'Rick' <b@y.example>", ["Jane", "Rick"]),
    ("Jane (Sales, EU) <a@x.example>, b@y.example", ["Jane (Sales, EU)", ""]),
    ("(a@x.example, b@y.example)", ["", ""]),
    ('"Jane, Doe <a@x.example>, Bob "Bo" <b@y.example>', ["Jane, Doe", "Bob Bo"]),
    ("Jane :( <a@x.example>, Bob :) <b@y.example>", ["Jane :(", "Bob :)"]),
    ("Team: a@x.example, b@y.example;", ["Team", ""]),
    ("a@x.example,, ;b@y.example,", ["", ""]),
    ("a@x.example b@y.example", ["", ""]),
    ("To: a@x.example; Cc: b@y.example", ["", ""]),
    ("Jane ＜a＠x．example＞，Rick ＜b＠y．example＞；", ["Jane", "Rick"]),
    ("A <a@x.example> B <b@y.example>", ["A", "B"]),
    ("Jane <a@x.example>, A@X.example, b@y.example", ["Jane", ""]),
]


@pytest.mark.parametrize(("text", "name", "address"), ONE)
def test_what_people_type_as_a_sender(text, name, address):
    found = address_field.read_one(text)
    assert (found.name, found.address) == (name, address or "us@example.com")


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_no_sender_is_refused(text, problem):
    with pytest.raises(address_field.Unreadable) as refused:
        address_field.read_one(text)
    assert refused.value.problem == problem
    assert problem in address_field.PROBLEMS
    assert refused.value.text


@pytest.mark.parametrize(("text", "names"), MANY)
def test_what_people_type_as_copies(text, names):
    found = address_field.read_many(text)
    assert [box.name for box in found] == names
    assert [box.address.lower() for box in found] == ["a@x.example", "b@y.example", "c@z.example"][
        : len(names)
    ]


@pytest.mark.parametrize("text", ["", None, "  ", "\n"])
def test_blanks_are_no_sender(text):
    assert address_field.read_one(text) is None
    assert address_field.read_many(text) == []


def test_the_header_has_an_ascii_address():
    found = address_field.read_one("Müller, Jörg <us@Bücher.example>")
    assert found.proper == '"Müller, Jörg" <us@bücher.example>'
    assert found.header == '"Müller, Jörg" <us@xn--bcher-kva.example>'
    assert found.normalized == "us@xn--bcher-kva.example"


@given(NAME, ADDRESS)
@example('a" <b@x.example>, "c', "us@x.example")
@example("Jane;", "us@x.example")
@example("\\", "us@x.example")
@example("“a”", "us@x.example")
@example("＂", "us@x.example")
def test_the_proper_form_reads_as_itself(name, address):
    try:
        made = address_field.make(name, address)
    except address_field.Unreadable:
        return
    assert address_field.read_one(made.proper) in (made, made._replace(name=""))
    [first, second] = address_field.read_many(f"{made.proper}, z{address}")
    assert (first.address, second.address) == (address, f"z{address}")


@given(st.text(SIGNS + "b@x.example", max_size=60) | st.text(max_size=60))
@example("a <a@x.example>'")
@example("=?utf-8?q?=22?= <a@x.example>")
def test_reading_twice_is_reading_once(text):
    """And nothing but words of ours is raised, and nothing read can begin another header."""
    for read in (address_field.read_one, address_field.read_many):
        try:
            found = read(text)
        except address_field.Unreadable as error:
            assert error.problem in address_field.PROBLEMS
            continue
        boxes = found if isinstance(found, list) else [found] if found else []
        proper = address_field.write_many(boxes)
        again = read(proper)
        assert (again if isinstance(again, list) else [again] if again else []) == boxes
        assert not mailbox.CONTROL.search(proper)


@given(NAME, ADDRESS)
def test_python_reads_the_header_as_the_same_mailbox(name, address):
    try:
        made = address_field.make(name, address)
    except address_field.Unreadable:
        return
    [read] = HeaderRegistry()("From", made.header).addresses
    assert read.addr_spec == address
    assert read.display_name.split() == made.name.split()


@pytest.mark.parametrize(
    "unit",
    [
        *('"', '\\"', "(", ")", "((a)", "<", "<a", ">", "=?", "=?x?q?", "=?x?q?a?= ", '"a" '),
        *("a,", "()", "(<a@b.example>)", "(a@b.example,b)", "'", "„“", "\u200b", "ü", "@", "a@"),
        *(".", '"a"b', "<@>", " ", "＠", "mailto:", "=?x?q?(", "[", "\"'", "\\", '"\\', 'a"'),
        *("a@b.example,", "a@b.example ", '"a, <a@b.example>, ', "a <a@b.example> "),
    ],
)
def test_the_time_grows_with_the_length_and_no_faster(unit):
    def work(size):
        text = unit * (size // len(unit))
        began = time.process_time()
        address_list.parse(text)
        for read in (address_field.read_one, address_field.read_many):
            with contextlib.suppress(address_field.Unreadable):
                read(text)
        return time.process_time() - began

    small, large = work(4_000), work(32_000)
    # Eight times the text; a square would take 64 times as long. Short times say nothing.
    if large >= max(30 * small, 0.1):  # once more: something else may have run meanwhile
        small, large = max(small, work(4_000)), min(large, work(32_000))
    assert large < max(30 * small, 0.1)
