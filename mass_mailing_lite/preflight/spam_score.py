import hashlib
import json
import logging

from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ..delivery.ask import spamd
from .check import INFO, WARNING, Check, register

_logger = logging.getLogger(__name__)

MAX_LANGUAGES = 10
MAX_RULES = 8  # that are named
MAX_SIZE = 500_000  # octets; what SpamAssassin itself looks at by default


@register
class SpamScore(Check):
    """How many points SpamAssassin gives to the message, where a company has its server, spamd.

    The message is that of a made-up recipient, and tests of the connection (SPF, DKIM, the address
    of the server) do not count yet.
    """

    key = "spam_score"
    sequence = 36

    def get_title(self):
        return self.env._("spam score")

    def get_question(self):
        return self.env._("Does SpamAssassin take the message for spam?")

    def look(self, content):
        if not content.source.strip():
            return None
        text = json.dumps([content.texts, content.html], sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]

    def ask_background(self, facts):
        address = self.mailing.company_id.sudo().partner_mailing_spamd
        if not address or not facts:
            return None
        return {"address": address, "contents": dict(sorted(facts.items())[:MAX_LANGUAGES])}

    def look_in_background(self, asked):
        try:
            host, port = spamd.read_address(asked["address"])
        except ValueError:
            return {"error": True}
        scores = {}
        for lang in asked["contents"]:
            try:
                score = spamd.ask(host, port, self._make_message(lang)[:MAX_SIZE])
            except (spamd.SpamdError, UserError) as error:
                _logger.warning("No spam score for mailing %s: %s", self.mailing.id, error)
                return {"error": True}
            scores[lang] = [score.score, score.threshold, list(score.rules[:MAX_RULES])]
        return {"scores": scores}

    def _make_message(self, lang):
        """Return the message in one language, as the user of the system would get it."""
        mailing = self.mailing.sudo()
        sample = mailing.env["partner.mailing.preview"].new(
            {"mailing_id": mailing.id, "lang": lang}
        )
        [message] = sample._build_messages(sample._get_offline_session(), [sample._get_row()])
        return message.octets()

    def describe(self, facts):
        if not self.ask_background(facts):
            return []
        found = self.background.get("facts") or {}
        if found.get("error"):
            return [
                self.make_finding(
                    self.env._("SpamAssassin gave no score: its server does not answer."),
                    self.env._("An administrator sees the address in the settings, and the reason in the log of the server."),
                    level=INFO,
                )
            ]  # fmt: skip
        scores = found.get("scores") or {}
        if not scores:
            return []
        is_spam = any(score >= threshold for score, threshold, _rules in scores.values())
        return [
            self.make_finding(
                self.env._("SpamAssassin gives the message these points: %s.",
                    self.join_languages(scores, self._name_score)),
                self.env._("Look up the rules with the most points, and change what they object to.")
                if is_spam
                else self.env._("Nothing is to be done: it is below the limit."),
                count=len(scores),
                level=WARNING if is_spam else INFO,
                page="content",
                focus="body_html",
            )
        ]  # fmt: skip

    def _name_score(self, found):
        score, threshold, rules = found
        points = self.env._(
            "%(score)s of %(limit)s",
            score=formatLang(self.env, score, digits=1),
            limit=formatLang(self.env, threshold, digits=1),
        )
        return f"{points} ({', '.join(rules)})" if rules else points
