"""Debian's Exim with a private configuration, relaying to an inbox of the test.

It listens on a high port of loopback and asks for STARTTLS and a login. At the domain
`closed.example.org` it takes everything, and then finds that there is nobody, or no room.
"""

import contextlib
import os

from devtools import mail_programs, process

from . import mail_server

PACKAGE, ENCRYPTED = "exim4-daemon-light", True

# The user that the program insists on.
ACCOUNT, NUMBER = "Debian-exim", 61000

CONFIGURATION = """
primary_hostname = mail.example.com
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
deliver_drop_privilege = true
keep_environment =
smtp_accept_queue_per_connection = 0
tls_advertise_hosts = *
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = check
begin acl
check:
  accept authenticated = *
  deny message = log in first
begin routers
nobody:
  driver = redirect
  domains = closed.example.org
  local_parts = nobody
  data = :fail: User unknown
  allow_fail
full:
  driver = accept
  domains = closed.example.org
  transport = full
onward:
  driver = manualroute
  route_list = * 127.0.0.1::{inbox}
  self = send
  transport = onward
begin transports
full:
  driver = appendfile
  file = {folder}/spool/mailbox
  user = {account}
  quota = 1
onward:
  driver = smtp
  hosts_avoid_tls = *
  allow_localhost
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


@contextlib.contextmanager
def running(inbox_port):
    """Run the server, which relays to a port; give the port that it listens on."""
    port = process.free_port()
    program = mail_programs.program(PACKAGE, "exim4")
    with mail_server.folder(PACKAGE, {ACCOUNT: NUMBER}) as folder:
        values = {"folder": folder, "program": program, "port": port, "inbox": inbox_port}
        values |= {"account": ACCOUNT, "user": mail_server.USER, "password": mail_server.PASSWORD}
        (folder / "exim.conf").write_text(CONFIGURATION.format(**values))
        mail_server.make_certificate(folder)
        (folder / "spool").mkdir()
        for place in (folder, folder / "spool", folder / "key.pem"):
            os.chown(place, NUMBER, NUMBER)
        command = [program, "-bdf", "-q5s", "-C", folder / "exim.conf"]
        with mail_server.running(PACKAGE, folder, port, command):
            yield port
