from functools import partial

from markupsafe import Markup

from odoo.fields import Domain
from odoo.tools import human_size
from odoo.tools.misc import formatLang

from ..content import VersionNotes
from ..transport.file_links import describe_links
from .comparison import Comparison
from .list_summary import ListSummary
from .preflight import render_preflight
from .words import describe_decision

SAMPLE_SIZE = 5  # recipients


def render(mailing):
    """Return the page of a mailing as HTML, with those of the mailings that it is linked with.

    Those that the user may not read are not shown; of one that waits for no decision, its state.
    """
    linked = mailing._get_linked()
    if len(linked) == 1:
        return render_part(mailing)
    parts = []
    for one in linked._filtered_access("read"):
        heading = f"{one._get_channel_label()}: {one.name}"
        if one.sudo()._get_pending_request():
            parts.append(render_part(one, heading))
        else:
            words = one.env._(
                "%(mailing)s. It is in the state “%(state)s”: it is no part of this request.",
                mailing=heading,
                state=one._get_state_label(),
            )
            parts.append(Markup('<div class="alert alert-info mt-3">%s</div>') % words)
    return Markup().join(parts)


def render_part(mailing, heading=False):
    """Return the page of one mailing, below a heading if there are several."""
    values = ReviewPage(mailing, mailing.sudo()._get_pending_request()).get_values()
    # The buttons of the form are those of one mailing.
    values["preflight"] = render_preflight(mailing.sudo(), with_buttons=not heading)
    return mailing.env["ir.qweb"]._render(
        "mass_mailing_lite.mailing_review", {**values, "heading": heading}
    )


class ReviewPage:
    """The page from which a validator decides; figures are those of the request.

    :param mailing: a ``partner.mailing`` record with the rights of the validator
    :param request: the request that waits for a decision, with the rights of the system
    """

    def __init__(self, mailing, request):
        mailing.ensure_one()
        self.user_mailing = mailing
        self.mailing = mailing.sudo()
        self.env = mailing.env
        self.request = request

    def get_values(self):
        """Return the values of the template ``mailing_review``."""
        mailing, request = self.mailing, self.request
        transport, comparison = mailing._get_transport(), Comparison(mailing, request)
        return {
            "mailing": mailing,
            "human_size": human_size,
            "number": partial(formatLang, self.env, digits=0),
            "moment": mailing._name_moment,
            "approval": request,
            **ListSummary(mailing).label(request.summary or {}),
            "compared": mailing._get_compared_fields(),
            "copies": self._get_copies_in_words(),
            "excluded_since": max(request.recipient_count - mailing.recipient_count, 0),
            "sample": self._get_sample(),
            "address_column": transport.address_column,
            "versions": self.get_versions(),
            "server": mailing.mail_server_id.name,
            "begin": mailing._get_begin_with_hours(),
            "is_past": mailing._is_schedule_past(),
            "expected": mailing.expected_text,
            "rate": mailing._get_rate_in_words(),
            "second": self._get_second_in_words(),
            "is_own": self._is_own(),
            "unsubscribe_groups": mailing.unsubscribe_category_ids.mapped("name"),
            "changes": comparison.get_shown_changes(),
            "before": comparison.before,
            "before_words": describe_decision(mailing, comparison.before),
            "links": describe_links(mailing),
            "link_parameters": transport.get_link_parameters(),
        }

    def get_versions(self):
        """Return all versions that recipients get, each as one of them reads it, the largest first.

        :return: list of dicts: ``label``, ``count``, ``name`` of the recipient, ``confirmed``
            (words), ``subject``, ``body``
        """
        mailing, transport = self.mailing, self.mailing._get_transport()
        own = {version.lang: version for version in mailing.version_ids}
        versions = []
        for lang, group in self._get_groups():
            reader = self._find_reader(group["langs"])
            label = mailing._get_language_name(lang)
            if lang == mailing.main_lang and own:
                label = self.env._("%s (main version)", label)
            versions.append(
                {
                    "label": label,
                    "count": group["count"],
                    "name": reader.name or reader[transport.address_column],
                    "confirmed": (lang in own and own[lang].confirmed_by_id and own[lang].hint)
                    or VersionNotes(mailing).describe_kept_samples(lang),
                    **transport.get_sample(reader),
                }
            )
        return versions

    def _get_groups(self):
        """Return (code of a version, its readers' ``langs`` and ``count``), the largest first."""
        mailing, groups = self.mailing, {}
        for lang, count in (self.request.summary or {}).get("languages", []):
            read = mailing._get_read_version(mailing._get_recipient_language({"lang": lang}))
            group = groups.setdefault(read, {"langs": [], "count": 0})
            group["langs"].append(lang or False)
            group["count"] += count
        return sorted(groups.items(), key=lambda item: -item[1]["count"])

    def _find_reader(self, langs):
        """Return a recipient with one of the languages, one that is written to if there is one."""
        Recipient = self.env["partner.mailing.recipient"].sudo()
        of_version = Domain("mailing_id", "=", self.mailing.id) & Domain("lang", "in", langs)
        return Recipient.search(
            of_version & Domain("state", "=", "pending"), limit=1
        ) or Recipient.search(of_version & Domain("is_submitted", "=", True), limit=1)

    def _get_sample(self):
        """Return a few recipients."""
        return (
            self.env["partner.mailing.recipient"]
            .sudo()
            .search(
                [("mailing_id", "=", self.mailing.id), ("state", "=", "pending")],
                limit=SAMPLE_SIZE,
            )
        )

    def _is_own(self):
        """Tell whether the user took part in the mailing and may validate it all the same."""
        mailing = self.user_mailing
        return not mailing._get_cannot_validate_reason() and bool(
            mailing._get_conflict_of_interest(self.env.user)
        )

    def _get_copies_in_words(self):
        """Return what the addresses for copies get, in words."""
        if self.mailing.copy_policy == "once":
            return self.env._("each gets one copy of the mailing")
        return self.env._(
            "each gets a copy of each message: %s",
            formatLang(self.env, self.request.recipient_count, digits=0),
        )

    def _get_second_in_words(self):
        """Return who else must agree, where two validators are needed; False where one is."""
        request = self.request
        if request.first_validator_id:
            words = self.env._(
                "Validated by %(name)s on %(time)s. You are the second of two validators.",
                name=request.first_validator_id.name,
                time=self.mailing._name_moment(request.first_validated_at),
            )
            return " ".join(filter(None, [words, request.first_note]))
        if self.mailing._needs_second_validator(request):
            return self.env._(
                "Two validators must agree. After the first validation the mailing waits for the second."
            )
        return False
