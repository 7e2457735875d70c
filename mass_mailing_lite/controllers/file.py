import contextlib

from odoo.http import Controller, request
from odoo.tools.misc import format_date

from ..tools.machine_request import is_machine
from ..transport.file_links import FILE
from .public_page import (
    HEADERS,
    Company,
    get_environment,
    public_route,
    render,
    render_invalid,
)
from .unsubscribe import is_number

MAX_ID = 2**31

# Types that a browser does not run as a page when it opens the saved file from its own list; all
# others leave as octets. Each leaves as an attachment, so none is shown in this origin.
SAFE_TYPES = frozenset(
    {
        "application/pdf",
        "application/zip",
        "audio/mpeg",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/csv",
        "text/plain",
        "video/mp4",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)
OCTETS = "application/octet-stream"


class PartnerMailingFiles(Controller):
    """Downloads of the files that mailings send as links.

    A token names one recipient, and the number a file of the mailing that this recipient got:
    nothing else can be downloaded, and nothing is listed. No session is needed or stored.
    """

    @public_route(
        "/partner_mailing/file/<string:token>/<string:number>",
        auth="public",
        methods=["GET"],
        sitemap=False,
    )
    def download(self, token, number, **_query):
        """Send the file; after its last day, show a page that says so."""
        recipient_id = request.env["partner.mailing"]._read_link_token(FILE, token)
        if recipient_id is None:
            return render_invalid()
        env = get_environment()
        if recipient_id <= 0:
            return self._show_test(env, env["partner.mailing"].browse(-recipient_id).exists())
        files = env["partner.mailing.file"]
        file_id = int(number) if is_number(number) else 0
        found = files._find(recipient_id, file_id) if 0 < file_id < MAX_ID else None
        if not found:
            return render_invalid()
        response = None if found.is_over() else self._stream(env, found)
        if response is None:
            return self._show_over(found)
        if self._is_counted():
            files._record_download(found, recipient_id)
        return response

    def _stream(self, env, found):
        """Return the response with the file, or a part of it; None when its bytes are not there."""
        file = env["ir.attachment"].browse(found.attachment_id)
        kind = (file.mimetype or "").partition(";")[0].strip().lower()
        stream = None
        with contextlib.suppress(OSError):  # removed from the file store by hand
            stream = env["ir.binary"]._get_stream_from(
                file, filename=file.name, mimetype=kind if kind in SAFE_TYPES else OCTETS
            )
        if stream is None or stream.type not in ("data", "path"):
            return None
        response = stream.get_response(
            as_attachment=True, content_security_policy="default-src 'none'; sandbox"
        )
        response.headers.update(
            {
                **{name: HEADERS[name] for name in ("Referrer-Policy", "X-Robots-Tag")},
                # Programs that resume a download compare the ETag; a shared cache keeps nothing.
                "Cache-Control": "private, no-cache",
            }
        )
        return response

    def _is_counted(self):
        """Return whether the request is the beginning of a download by a person."""
        received = request.httprequest
        purpose = received.headers.get("Sec-Purpose") or received.headers.get("Purpose") or ""
        is_rest = bool(received.range) and received.range.ranges[0][0] != 0
        is_known = bool(received.if_none_match or received.if_modified_since)
        return not (
            is_rest or is_known or is_machine(received.user_agent.string, received.method, purpose)
        )

    def _show_over(self, found):
        """Return the page of a file that cannot be downloaded any more, in the recipient's language."""
        env = get_environment(found.lang)
        return render(
            env,
            "public_page_file",
            {
                "company": Company.of(env["res.company"].browse(found.company_id)),
                "sentence": env._(
                    "It could be downloaded until %s",
                    format_date(env, found.last_day(), date_format="long"),
                ),
            },
            status=410,
        )

    def _show_test(self, env, mailing):
        """Return the page for the link of a test or preview: what it shows may not be validated."""
        if not mailing:
            return render_invalid()
        env = get_environment(mailing.company_id.partner_id.lang)
        company = Company.of(env["res.company"].browse(mailing.company_id.id))
        return render(env, "public_page_file_test", {"company": company})
