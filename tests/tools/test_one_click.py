"""One click is asked as a mail program does, at one address, in bounds."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from addon.tools.domain import one_click
from addon.tools.domain.lookup import Lookup
from addon.tools.domain.one_click import NO_HTTPS, PRIVATE, REDIRECT, REFUSED, SILENT


@contextmanager
def serve(code):
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            requests.append((self.path, self.rfile.read(length)))
            self.send_response(code)
            self.send_header("Location", "http://192.0.2.1/")
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/partner_mailing/unsubscribe/x", requests
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_request_is_that_of_rfc_8058(name_server):
    with serve(200) as (url, requests):
        assert one_click.ask(url) == (NO_HTTPS, 200)
    assert requests == [("/partner_mailing/unsubscribe/x", b"List-Unsubscribe=One-Click")]


@pytest.mark.parametrize(("code", "status"), [(302, REDIRECT), (404, REFUSED), (500, REFUSED)])
def test_what_is_no_answer_is_told_and_no_redirect_is_followed(name_server, code, status):
    with serve(code) as (url, requests):
        found = one_click.ask(url)
    assert found.code == code
    assert found.status in (NO_HTTPS, status)
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://127.0.0.1/x", PRIVATE),
        ("https://odoo.local/x", PRIVATE),
        ("https://10.0.0.1/x", PRIVATE),
        ("https://[::1]/x", PRIVATE),
        ("ftp://odoo.example.com/x", NO_HTTPS),
        ("", NO_HTTPS),
        ("https://[broken", SILENT),
        ("https://a:99999/x", SILENT),
    ],
)
def test_a_private_address_is_not_asked(url, status, monkeypatch):
    monkeypatch.setattr(Lookup, "test_server", None)
    monkeypatch.delenv("MAILING_TEST_NAMESERVER", raising=False)
    assert one_click.ask(url).status == status


def test_a_server_without_a_certificate_or_without_a_port_is_no_success(name_server):
    with serve(200) as (url, _requests):
        assert one_click.ask(url.replace("http:", "https:")).status == SILENT
    assert one_click.ask(url).status == SILENT
