"""Web addresses of a mailing are asked for safely, whatever is at the other end."""

import gzip
import socket
import threading
from ipaddress import IPv4Address, IPv6Address

import pytest
from delivery.ask import network as network_module
from delivery.ask import web_address
from delivery.ask.network import Network, PrivateAddressError, is_public
from delivery.ask.web import (
    ALIVE,
    DEAD,
    INSECURE,
    UNKNOWN,
    Answer,
    Limits,
    Web,
    make_context,
)
from hostile_web import RESET, SILENCE, WebServer, drip, make_certificate, page, redirect, repeat
from hypothesis import given
from hypothesis import strategies as st

SHORT = Limits(total=8, each=0.6, connect=0.5)
# Where the requests of these tests end at the latest; no test waits for it.
PATIENT = Limits(total=120, each=60, connect=30)


@pytest.fixture
def web_server():
    """Start web servers; they end with the test."""
    servers = []

    def start(answer=None, **options):
        server = WebServer(answer, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


def make_web(limits=PATIENT, **options):
    return Web(Network(allow_loopback=True, **options), limits)


def resolve_to(*rounds):
    """Return a resolver of all names: the first call gets the first addresses, and so on."""
    calls = []

    def resolve(host, port, **_options):
        calls.append(host)
        found = rounds[min(len(calls), len(rounds)) - 1]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (family[":" in one], socket.SOCK_STREAM, 6, "", (one, port, 0, 0)[: 4 if ":" in one else 2])
            for one in found
        ]  # fmt: skip

    resolve.calls = calls
    return resolve


# ------------------------------------------------------------
# What a page says
# ------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, ALIVE) for status in (200, 204, 206)),
        *((status, DEAD) for status in (404, 410, 500, 502, 503, 530)),
        *((status, UNKNOWN) for status in (304, 400, 401, 403, 405, 408, 418, 429, 451, 999)),
    ],
)
def test_the_status_says_whether_a_page_exists(web_server, status, outcome):
    server = web_server(lambda method, path: page(status))
    answer = make_web().ask_one(server.url("/x"))
    assert (answer.outcome, answer.reason, answer.status) == (outcome, "status", status)


@pytest.mark.parametrize("refusal", [page(405), page(501), page(404), page(403), RESET, b"", b"?"])
def test_a_server_that_refuses_head_is_asked_by_get(web_server, refusal):
    server = web_server(lambda method, path: refusal if method == "HEAD" else page())
    assert make_web().ask_one(server.url()).outcome == ALIVE
    assert [method for method, _path, _host in server.requests] == ["HEAD", "GET"]


def test_a_page_that_exists_is_asked_for_once(web_server):
    server = web_server()
    make_web().ask([server.url("/x#one"), server.url("/x#one")])
    assert server.requests == [("HEAD", "/x", f"127.0.0.1:{server.port}")]


def test_a_redirect_tells_where_it_leads(web_server):
    target = web_server()
    server = web_server(
        lambda method, path: redirect("/b" if path == "/a" else target.url("/caf\u00e9 1"))
    )
    answer = make_web().ask_one(server.url("/a"))
    assert answer == Answer(ALIVE, "status", 200, target.url("/caf%C3%A9%201"))


def test_a_server_that_refuses_connections_is_dead(web_server):
    server = web_server()
    server.stop()
    assert make_web().ask_one(server.url())[:2] == (DEAD, "refused")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (socket.EAI_NONAME, (DEAD, "no_name")),
        (socket.EAI_NODATA, (DEAD, "no_name")),
        (socket.EAI_AGAIN, (UNKNOWN, "unreachable")),
        (socket.EAI_FAIL, (UNKNOWN, "unreachable")),
    ],
)
def test_a_name_that_does_not_exist_is_dead_and_a_silent_name_server_says_nothing(code, expected):
    def resolve(*_arguments, **_options):
        raise socket.gaierror(code, "x")

    assert make_web(resolve=resolve).ask_one("https://shop.example/")[:2] == expected


@pytest.mark.parametrize(
    ("is_online", "expected"), [(True, (DEAD, "no_name")), (False, (UNKNOWN, "unreachable"))]
)
def test_a_server_without_access_to_the_internet_calls_no_name_missing(is_online, expected):
    def resolve(host, port, **_options):
        if host == network_module.KNOWN_NAME and is_online:
            return resolve_to(["8.8.8.8"])(host, port)
        raise socket.gaierror(socket.EAI_NONAME, "x")

    web = make_web(resolve=resolve)
    assert web.ask_one("https://no-such-shop.org/")[:2] == expected
    assert web.ask_one("https://shop.example/")[:2] == (DEAD, "no_name")


def test_names_are_asked_by_their_own_name_and_in_ascii(web_server):
    server = web_server()
    resolve = resolve_to(["127.0.0.1"])
    web = make_web(resolve=resolve)
    assert web.ask_one(server.url("/", "b\u00fccher.example.")).outcome == ALIVE
    assert resolve.calls == ["xn--bcher-kva.example"]
    assert server.requests[0][2] == f"xn--bcher-kva.example:{server.port}"


def test_a_second_address_of_a_name_is_tried(web_server):
    server = web_server()
    resolve = resolve_to(["127.0.0.3", "127.0.0.1"])  # nothing listens at the first
    assert make_web(resolve=resolve).ask_one(server.url("/", "shop.example")).outcome == ALIVE


# ------------------------------------------------------------
# Only the public internet
# ------------------------------------------------------------

PRIVATE = (
    "127.0.0.1", "127.8.9.1", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.1.1.1",
    "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8",
    "2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2001::1", "2001:db8::1", "3fff::1", "100::1",
    "4000::1", "0.0.0.0", "", "x",  # noqa: S104
)  # fmt: skip
PUBLIC = (
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
    "2a00:1450::1",
    "64:ff9b::808:808",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_asked(address):
    assert is_public(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_address_of_ipv4_is_judged_alike_behind_nat64(address):
    behind = IPv6Address(int(IPv6Address("64:ff9b::")) + int(address))
    assert is_public(str(behind)) == is_public(str(address))
    if not address.is_global:
        assert not is_public(str(address))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::1]",
     "[::ffff:127.0.0.1]", "[::]", "127.0.0.1."],
)  # fmt: skip
def test_this_computer_is_not_asked_however_it_is_written(web_server, host):
    """Users have no parameter that allows it."""
    server = web_server()
    answer = Web(Network(), PATIENT).ask_one(server.url("/", host))
    assert answer.outcome == UNKNOWN
    assert answer.reason in ("private", "port")
    assert not server.requests
    with pytest.raises(PrivateAddressError):
        Network().find(host.strip("[]").removesuffix("."), 80)


def test_one_private_address_among_those_of_a_name_is_enough_to_refuse_it():
    network = Network(resolve=resolve_to(["8.8.8.8", "10.0.0.1"]))
    with pytest.raises(PrivateAddressError):
        network.find("shop.example", 80)


def test_a_link_local_scope_is_refused():
    def resolve(_host, port, **_options):
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2a00:1450::1", port, 0, 3))]

    with pytest.raises(PrivateAddressError):
        Network(resolve=resolve).find("shop.example", 80)


@pytest.mark.parametrize("target", ["10.0.0.1", "169.254.169.254", "[fd00::1]", "0x0a000001"])
def test_a_redirect_to_a_private_address_is_not_followed(web_server, target):
    server = web_server(lambda method, path: redirect(f"http://{target}/latest/meta-data"))
    answer = make_web().ask_one(server.url())
    assert answer[:2] == (UNKNOWN, "private")


def test_a_name_that_becomes_private_later_is_not_followed(web_server):
    """DNS rebinding: the first answer is public, the second is this computer.

    In this test 127.0.0.1 stands for a public computer.
    """
    server = web_server(lambda method, path: redirect("/again") if path == "/" else page())
    resolve = resolve_to(["127.0.0.1"], ["10.0.0.1"])
    answer = make_web(resolve=resolve).ask_one(server.url("/", "shop.example"))
    assert answer[:2] == (UNKNOWN, "private")
    assert [path for _method, path, _host in server.requests] == ["/"]


def test_a_connection_is_made_to_the_address_that_was_checked(web_server):
    """A name is resolved once for each request: what it would lead to later is never used."""
    server = web_server()
    resolve = resolve_to(["127.0.0.1"], ["10.0.0.1"])
    assert make_web(resolve=resolve).ask_one(server.url("/", "shop.example")).outcome == ALIVE
    assert resolve.calls == ["shop.example"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 8069, 9200])
def test_ports_of_other_services_are_not_asked(port):
    network = Network(resolve=resolve_to(["8.8.8.8"]))
    assert Web(network, SHORT).ask_one(f"http://shop.example:{port}/")[:2] == (UNKNOWN, "port")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://anna:secret@127.0.0.1/", "login"),
        ("http://anna@127.0.0.1/", "login"),
        ("http://@127.0.0.1/", "login"),
        ("file:///etc/passwd", "scheme"),
        ("ftp://127.0.0.1/", "scheme"),
        ("gopher://127.0.0.1:25/_MAIL", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("//127.0.0.1/", "scheme"),
        ("", "scheme"),
        ("http://", "address"),
        ("http:///x", "address"),
        ("http://[::1", "address"),
        ("http://a b/", "address"),
        ("http://a%2eb/", "address"),
        ("http://a:99999/", "address"),
        ("http://a:x/", "address"),
        ("http://a\u0000b/", "address"),
        ("http://\u2100.example/", "address"),
        ("http://127.0.0.1/" + "x" * 5000, "length"),
    ],
)
def test_what_is_no_address_of_a_page_is_not_asked(address, reason):
    assert make_web(SHORT).ask_one(address)[:2] == (UNKNOWN, reason)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "mailto:a@b.example"]
)
def test_a_redirect_to_something_else_is_not_followed(web_server, target):
    server = web_server(lambda method, path: redirect(target))
    assert make_web().ask_one(server.url())[:2] == (UNKNOWN, "scheme")


def test_a_redirect_with_a_login_is_not_followed(web_server):
    server = web_server(lambda method, path: redirect("http://a:b@127.0.0.1/"))
    assert make_web().ask_one(server.url())[:2] == (UNKNOWN, "login")


# ------------------------------------------------------------
# Addresses that people paste
# ------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("HTTP://Example.COM", "http://example.com/"),
        (" https://example.com/a b\n", "https://example.com/a%20b"),
        ("https://exam\nple.com/\tx", "https://example.com/x"),
        ("https://example.com/caf\u00e9?q=\u00fc&a=%20#top", "https://example.com/caf%C3%A9?q=%C3%BC&a=%20"),
        ("https://example.com:443/", "https://example.com/"),
        ("http://example.com:8080", "http://example.com:8080/"),
        ("https://example.com?x=1", "https://example.com/?x=1"),
        ("https:\\\\example.com\\a?b\\c", "https://example.com/a?b%5Cc"),
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com./", "https://example.com/"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("https://example.com/\ud800", "https://example.com/%3F"),
    ],
)  # fmt: skip
def test_an_address_is_read_as_a_browser_reads_it(address, read):
    assert str(web_address.read(address)) == read


@given(st.text(max_size=60), st.sampled_from(["http://", "https://", "http://a.example/", ""]))
def test_each_text_is_an_ascii_address_or_refused(text, start):
    try:
        address = web_address.read(start + text)
    except web_address.BadAddressError as error:
        assert error.reason
        return
    assert str(address).isascii()
    assert str(address).isprintable()
    assert " " not in str(address)
    assert web_address.read(str(address)) == address


# ------------------------------------------------------------
# Hostile servers
# ------------------------------------------------------------


def test_redirects_end(web_server):
    server = web_server(lambda method, path: redirect(path + "x"))
    assert make_web().ask_one(server.url())[:2] == (DEAD, "circle")
    assert len(server.requests) == 2 * (Limits().redirects + 1)  # HEAD and GET


def test_a_circle_for_programs_without_cookies_says_nothing(web_server):
    server = web_server(lambda method, path: redirect("/", headers=[("Set-Cookie", "a=1")]))
    assert make_web().ask_one(server.url())[:2] == (UNKNOWN, "circle")


ENDLESS = page(200, [("Transfer-Encoding", "chunked")])
BODIES = {
    "endless": lambda: repeat(b"a" * 65536, page()),
    "endless chunk": lambda: repeat(b"fffff\r\n" + b"a" * 0xFFFFF + b"\r\n", ENDLESS),
    "too short": lambda: page(200, [("Content-Length", "1000000")], b"a"),
    "negative length": lambda: page(200, [("Content-Length", "-1")], b"a"),
    "no number": lambda: page(200, [("Content-Length", "x")], b"a"),
    "two lengths": lambda: page(200, [("Content-Length", "1"), ("Content-Length", "9")], b"a"),
    "gzip bomb": lambda: page(200, [("Content-Encoding", "gzip")], gzip.compress(bytes(10**7))),
    "no gzip": lambda: page(200, [("Content-Encoding", "gzip")], b"a"),
    "slow body": lambda: drip(page() + b"a" * 10**4, 0.01),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_not_read(web_server, name):
    server = web_server(lambda method, path: page(405) if method == "HEAD" else BODIES[name]())
    assert make_web().ask_one(server.url()) == Answer(ALIVE, "status", 200, server.url())
    # The rest fits into buffers of the system, which holds some megabytes on loopback.
    assert server.sent < 30 * 1024 * 1024


HEADS = {
    "endless header": lambda: repeat(b"a" * 65536, b"HTTP/1.1 200 OK\r\nX: "),
    "endless headers": lambda: repeat(b"X: a\r\n" * 1000, b"HTTP/1.1 200 OK\r\n"),
    "endless status": lambda: repeat(b"a" * 65536, b"HTTP/1.1 200 "),
    "endless blanks": lambda: repeat(b"\r\n" * 1000),
    "endless interim answers": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "no HTTP": lambda: b"220 mx.example.com ESMTP\r\n",
    "nothing": lambda: b"",
    "reset": lambda: RESET,
    "no status": lambda: b"HTTP/1.1 abc\r\n\r\n",
    "large status": lambda: b"HTTP/1.1 99999 x\r\n\r\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_none_says_nothing(web_server, name):
    server = web_server(lambda method, path: HEADS[name]())
    assert make_web().ask_one(server.url())[:2] == (UNKNOWN, "broken")


@pytest.mark.parametrize(
    "answer",
    [
        lambda: SILENCE,
        lambda: drip(page(200, [("X", "a" * 2000)])),
        lambda: repeat(b"", b"HTTP/1.1 200 OK\r\n"),
    ],
)
def test_a_slow_server_does_not_keep_it_longer_than_its_time(web_server, answer):
    """Each octet comes in time; all of them together do not."""
    server = web_server(lambda method, path: answer())
    assert make_web(SHORT).ask_one(server.url())[:2] == (UNKNOWN, "timeout")


def test_headers_with_line_breaks_in_a_redirect_make_no_second_request(web_server):
    server = web_server(
        lambda method, path: redirect("/x%0d%0aX: 1\r\n\tGET /y") if path == "/" else page()
    )
    assert make_web().ask_one(server.url()).outcome == ALIVE
    assert len(server.requests) == 2
    assert all(head.count(b"\r\n\r\n") == 1 and b"\r\nX:" not in head for head in server.heads)


def test_a_request_tells_nothing_of_the_server_that_makes_it(web_server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    server = web_server(lambda method, path: redirect("/b") if path == "/a" else page())
    assert make_web().ask_one(server.url("/a")).outcome == ALIVE
    for head in server.heads:
        names = {line.partition(b":")[0] for line in head.split(b"\r\n")[1:] if line}
        assert names == {b"Host", b"User-Agent", b"Accept", b"Accept-Encoding", b"Connection"}


# ------------------------------------------------------------
# Certificates
# ------------------------------------------------------------


def test_a_certificate_that_browsers_warn_of_is_told(web_server, tmp_path):
    server = web_server(context=make_certificate(tmp_path))
    assert make_web().ask_one(server.url())[:2] == (INSECURE, "certificate")


@pytest.mark.parametrize(
    ("host", "name", "days", "expected"),
    [
        ("shop.example", "shop.example", 30, (ALIVE, "status")),
        ("other.example", "shop.example", 30, (INSECURE, "certificate")),
        ("shop.example", "shop.example", -1, (INSECURE, "certificate")),
    ],
)
def test_a_certificate_is_compared_with_the_name_of_the_page(
    web_server, tmp_path, host, name, days, expected
):
    server = web_server(context=make_certificate(tmp_path, name, days))
    context = make_context()
    context.load_verify_locations(tmp_path / "certificate.pem")
    network = Network(allow_loopback=True, resolve=resolve_to(["127.0.0.1"]))
    assert Web(network, PATIENT, context).ask_one(server.url("/", host))[:2] == expected


def test_a_server_that_speaks_no_tls_is_told(web_server):
    server = web_server(lambda method, path: page())
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _peer = listener.accept()
        connection.sendall(page(400))
        connection.close()

    threading.Thread(target=answer, daemon=True).start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
    assert make_web().ask_one(url)[0] in (INSECURE, UNKNOWN)
    listener.close()
    assert not server.requests


# ------------------------------------------------------------
# Many addresses
# ------------------------------------------------------------


def test_addresses_are_asked_at_the_same_time_and_not_too_many(web_server):
    together = threading.Barrier(4)

    def answer(_method, _path):
        together.wait(timeout=30)
        return page()

    server = web_server(answer)
    urls = [server.url(f"/{number}") for number in range(12)]
    answers = make_web(PATIENT._replace(threads=4)).ask(urls)
    assert {one.outcome for one in answers.values()} == {ALIVE}
    assert server.at_once == 4


def test_the_number_of_addresses_is_limited(web_server):
    server = web_server()
    urls = [server.url(f"/{number}") for number in range(5)]
    answers = make_web(PATIENT._replace(count=3)).ask(urls)
    assert [answers[url].reason for url in urls] == ["status"] * 3 + ["limit"] * 2
    assert len(server.requests) == 3


def test_all_addresses_together_have_a_limit_of_time(web_server):
    server = web_server(lambda method, path: SILENCE if path != "/first" else page())
    urls = [server.url("/first"), *(server.url(f"/{number}") for number in range(5))]
    answers = make_web(Limits(total=2, each=30, connect=1, threads=2)).ask(urls)
    assert answers[urls[0]].outcome == ALIVE
    assert {answers[url].outcome for url in urls[1:]} == {UNKNOWN}


def test_nothing_is_asked_where_there_is_nothing(web_server):
    assert make_web().ask([]) == {}


def test_only_the_tests_allow_this_computer():
    assert not Network().allows("127.0.0.1")
    assert Network(allow_loopback=True).allows("127.0.0.1")
    assert not Network(allow_loopback=True).allows("10.0.0.1")
    assert {80, 443} <= network_module.WEB_PORTS
