from odoo.http import Controller, request

from ..review import REVIEW_PATH
from .public_page import Company, get_environment, public_route, render, render_invalid
from .unsubscribe import is_number


class PartnerMailingReview(Controller):
    """The link of a proof: to the review of a request, for users who may read the mailing.

    It only shows. A decision is made on the mailing's form.
    """

    @public_route(f"{REVIEW_PATH}/<string:number>", auth="user", methods=["GET"], readonly=True)
    def review(self, number, **_query):
        """Go to the mailing while the request waits; else show a page that says what became of it."""
        requests = request.env["partner.mailing.approval"]
        found = requests.browse(int(number) if is_number(number) else 0).exists()
        if not found or not (found.has_access("read") and found.mailing_id.has_access("read")):
            return render_invalid()
        form = f"/mail/view?model=partner.mailing&res_id={found.mailing_id.id}"
        if found.state == "pending":
            return request.redirect(form)
        return self._show_over(found, form)

    def _show_over(self, found, form):
        """Return the page of a request that waits no more."""
        env = get_environment(request.env.user.lang)
        mailing = found.mailing_id.sudo().with_env(env)
        newer = mailing._get_pending_request()
        states = dict(found._fields["state"]._description_selection(env))
        return render(
            env,
            "public_page_review_over",
            {
                "company": Company.of(mailing.company_id),
                "sentence": env._(
                    "It was about the mailing “%(mailing)s”. What became of it: %(outcome)s.",
                    mailing=mailing.name,
                    outcome=states[found.state],
                ),
                "newer": newer and f"{REVIEW_PATH}/{newer.id}",
                "form": form,
            },
        )
