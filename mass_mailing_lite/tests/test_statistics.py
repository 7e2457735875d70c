from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, tagged

from .common import MailingCase
from .pages import cost


class StatisticsCase(MailingCase):
    def new_sent_mailing(self, user=None, **values):
        """Return a mailing as it is when Anna got it, Boris' bounced and Clara's failed."""
        self._new_contact("Clara", "clara@example.org", self.news, lang="en_US")
        mailing = self.new_mailing(user, **values)
        mailing.action_load_recipients()
        rows = self.rows(mailing)
        now = fields.Datetime.now()
        for address, state in (
            ("anna@example.com", "sent"),
            ("boris@example.com", "bounced"),
            ("clara@example.org", "failed"),
        ):
            rows[address]._as_system().write({"state": state, "sent_at": now})
        rows["clara@example.org"]._as_system().sent_at = False
        mailing._as_system().write(
            {"state": "done", "started_at": now - timedelta(minutes=2), "finished_at": now}
        )
        mailing._recount()
        return mailing

    def react(self, mailing, *addresses):
        """Let recipients click a link, a minute later."""
        [link] = (
            self.env["partner.mailing.link"]
            ._as_system()
            .create({"mailing_id": mailing.id, "url": "https://www.example.com/"})
        )
        mailing._as_system().write({"track_opens": True, "track_clicks": True})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE partner_mailing_recipient SET sent_at = sent_at - interval '1 minute'"
            " WHERE mailing_id = %s", [mailing.id]
        )  # fmt: skip
        self.env.invalidate_all()
        for address in addresses:
            row = self.rows(mailing)[address]
            row._record_click(row.id, link.id, by_machine=False)


@tagged("post_install", "-at_install")
class TestStatistics(StatisticsCase):
    def test_the_page_says_what_became_of_the_messages(self):
        mailing = self.new_sent_mailing()
        self.react(mailing, "anna@example.com")
        mailing.action_open_statistics()
        figures = mailing.statistics
        self.assertEqual(
            figures["totals"],
            {
                "recipients": 3, "sent": 2, "delivered": 1, "opened": 1, "clicked": 1,
                "unsubscribed": 0, "bounced": 1, "failed": 1,
            },
        )  # fmt: skip
        by_domain = {line["name"]: line for line in figures["domains"]}
        self.assertEqual(set(by_domain), {"example.com", "example.org"})
        self.assertEqual(by_domain["example.com"]["delivered"], 1)
        self.assertEqual(by_domain["example.com"]["bounced"], 1)
        self.assertEqual(by_domain["example.com"]["clicked"], 1)
        self.assertEqual(by_domain["example.org"]["failed"], 1)
        self.assertEqual(sum(line["recipients"] for line in figures["languages"]), 3)
        self.assertEqual(sum(point["sent"] for point in figures["moments"]), 2)
        self.assertEqual(figures["links"], [{"url": "https://www.example.com/", "clicked": 1}])

    def test_who_was_left_out_is_in_no_figure(self):
        self._new_contact("Broken", "broken", self.news)
        mailing = self.new_sent_mailing()
        mailing.action_open_statistics()
        self.assertEqual(mailing.statistics["totals"]["recipients"], 3)
        self.assertEqual(sum(line["recipients"] for line in mailing.statistics["domains"]), 3)

    def test_a_draft_has_no_statistics(self):
        mailing = self.new_mailing()
        mailing.action_open_statistics()
        self.assertFalse(mailing.statistics)

    def test_small_domains_share_a_line(self):
        addresses = "\n".join(f"x@d{number}.example" for number in range(60))
        mailing = self.new_mailing(audience_ids=False, extra_emails=addresses)
        mailing.action_load_recipients()
        mailing._as_system().started_at = fields.Datetime.now()
        mailing.action_open_statistics()
        lines = self.env["partner.mailing.breakdown"].search(
            [("mailing_id", "=", mailing.id), ("dimension", "=", "domain")]
        )
        self.assertEqual(len(lines), 51)
        self.assertEqual(sum(lines.mapped("recipient_count")), 60)
        self.assertEqual(lines.filtered(lambda line: not line.domain).recipient_count, 10)

    def test_the_list_is_counted_once_a_minute_and_never_when_the_page_is_read(self):
        mailing = self.new_sent_mailing()
        mailing.action_open_statistics()
        self.rows(mailing)["clara@example.org"]._as_system().state = "sent"
        mailing._recount()
        mailing.action_open_statistics()
        self.assertEqual(self.delivered_to(mailing, "example.org"), 0)
        with freeze_time(fields.Datetime.now() + timedelta(minutes=2)):
            mailing.action_open_statistics()
        self.assertEqual(self.delivered_to(mailing, "example.org"), 1)

    def test_a_mailing_that_has_ended_is_not_counted_again_while_its_totals_stay_the_same(self):
        mailing = self.new_sent_mailing()
        mailing.action_open_statistics()
        before = self.breakdown_of(mailing)
        with freeze_time(fields.Datetime.now() + timedelta(minutes=2)):
            mailing.action_open_statistics()
            self.assertEqual(self.breakdown_of(mailing), before)
            self.assertEqual(set(before.mapped("counted_at")), {fields.Datetime.now()})
        mailing._as_system().state = "sending"
        with freeze_time(fields.Datetime.now() + timedelta(minutes=4)):
            mailing.action_open_statistics()
        self.assertFalse(self.breakdown_of(mailing) & before)

    def breakdown_of(self, mailing):
        return self.env["partner.mailing.breakdown"].search([("mailing_id", "=", mailing.id)])

    def delivered_to(self, mailing, domain):
        mailing.invalidate_recordset()
        return next(
            line["delivered"] for line in mailing.statistics["domains"] if line["name"] == domain
        )

    def test_a_mailing_is_counted_by_itself_when_it_has_ended_and_once_more(self):
        mailing = self.new_sent_mailing()
        breakdown = self.env["partner.mailing.breakdown"]
        domain = [("mailing_id", "=", mailing.id)]
        self.count_by_schedule()
        self.assertTrue(breakdown.search(domain))
        self.assertNotIn(mailing, breakdown._find_uncounted())
        self.env.cr.execute(
            "UPDATE partner_mailing SET finished_at = finished_at - interval '8 days'"
            " WHERE id = %s", [mailing.id]
        )  # fmt: skip
        self.env.cr.execute(
            "UPDATE partner_mailing_breakdown SET counted_at = counted_at - interval '8 days'"
            " WHERE mailing_id = %s", [mailing.id]
        )  # fmt: skip
        self.env.invalidate_all()
        self.assertIn(mailing, breakdown._find_uncounted())
        self.count_by_schedule()
        self.assertNotIn(mailing, breakdown._find_uncounted())

    def count_by_schedule(self):
        cron = self.env.ref("mass_mailing_lite.ir_cron_count_reactions")
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    def test_reading_the_page_takes_few_queries(self):
        mailing = self.new_sent_mailing()
        mailing.action_open_statistics()
        spec = {name: {} for name in ("name", "subject", "state", "started_at", "statistics")}
        queries, _size = cost(self.env, lambda: mailing.web_read(spec))
        self.assertLessEqual(queries, 10)

    def test_the_curve_has_as_many_points_as_one_can_see(self):
        mailing = self.new_sent_mailing()
        breakdown = self.env["partner.mailing.breakdown"]
        for length, step in ((0, 60), (3600, 60), (2 * 3600, 300), (86400, 3600), (4e7, 86400)):
            mailing._as_system().started_at = mailing.finished_at - timedelta(seconds=length)
            self.assertEqual(breakdown._get_step(mailing), step, length)

    # ------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------

    def test_figures_are_seen_by_whoever_sees_the_mailing_and_by_nobody_else(self):
        secret = self.env["res.groups"].create({"name": "Secret"})
        mailing = self.new_sent_mailing(view_group_ids=[Command.link(secret.id)])
        self.react(mailing, "anna@example.com")
        mailing.action_open_statistics()
        for model in ("report", "breakdown", "link"):
            domain = [("mailing_id", "=", mailing.id)]
            Model = self.env[f"partner.mailing.{model}"]
            for user, sees in (
                (self.marketer, True),
                (self.validator, True),
                (self.colleague, False),
            ):
                with self.subTest(model=model, user=user.login):
                    self.assertEqual(bool(Model.with_user(user).search(domain)), sees)
            with self.assertRaises(AccessError):
                Model.with_user(self.outsider).search(domain)
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).action_open_statistics()
        with self.assertRaises(AccessError):
            self.env["partner.mailing.report"].with_user(self.outsider).get_dashboard(30)
        mailing.sudo().view_group_ids = False
        self.assertTrue(self.env["partner.mailing.report"].with_user(self.colleague).search(domain))

    def test_figures_of_another_company_are_seen_by_nobody(self):
        other = self.env["res.company"].create({"name": "Other"})
        mailing = self.new_sent_mailing()
        mailing.action_open_statistics()
        self.env.cr.execute(
            "UPDATE partner_mailing SET company_id = %s WHERE id = %s", [other.id, mailing.id]
        )
        self.env.invalidate_all()
        for model in ("report", "breakdown"):
            found = self.env[f"partner.mailing.{model}"].with_user(self.validator).search([])
            self.assertNotIn(mailing, found.mailing_id)

    def test_nobody_writes_figures(self):
        mailing = self.new_sent_mailing()
        self.react(mailing, "anna@example.com")
        mailing.action_open_statistics()
        line = self.env["partner.mailing.breakdown"].search([("mailing_id", "=", mailing.id)])[0]
        link = self.env["partner.mailing.link"].search([("mailing_id", "=", mailing.id)])
        for record, values in ((line, {"sent_count": 9}), (link, {"url": "https://evil.example"})):
            for user in (self.marketer, self.manager):
                with self.assertRaises(AccessError):
                    record.with_user(user).write(values)
                with self.assertRaises(AccessError):
                    record.with_user(user).unlink()
        with self.assertRaises(AccessError):
            mailing.with_user(self.manager).write({"opened_count": 9})

    # ------------------------------------------------------------
    # Over mailings
    # ------------------------------------------------------------

    def test_shares_are_of_sums_and_not_means_of_shares(self):
        first, second = self.new_sent_mailing(), self.new_sent_mailing()
        first.sudo().counter_id._as_system().write(
            {"sent_count": 90, "opened_count": 9, "recipient_count": 100}
        )
        second.sudo().counter_id._as_system().write(
            {"sent_count": 10, "opened_count": 10, "recipient_count": 10}
        )
        (first | second)._as_system().track_opens = True
        self.env.flush_all()
        report = self.env["partner.mailing.report"].with_user(self.marketer)
        domain = [("mailing_id", "in", (first | second).ids)]
        [(rate, delivered)] = report._read_group(
            domain, [], ["opened_rate:avg", "delivered_count:sum"]
        )
        self.assertEqual((round(rate, 6), delivered), (19.0, 100))
        self.assertEqual(report.search(domain).mapped("opened_rate"), [100.0, 10.0])

    def test_a_mailing_that_does_not_track_does_not_lower_the_share_of_opened(self):
        tracked, silent = self.new_sent_mailing(), self.new_sent_mailing()
        tracked._as_system().track_opens = True
        for mailing in tracked, silent:
            mailing.sudo().counter_id._as_system().write({"sent_count": 10})
        tracked.sudo().counter_id._as_system().write({"opened_count": 5})
        self.env.flush_all()
        [(rate,)] = self.env["partner.mailing.report"]._read_group(
            [("mailing_id", "in", (tracked | silent).ids)], [], ["opened_rate:avg"]
        )
        self.assertEqual(rate, 50.0)

    def test_what_is_not_tracked_has_no_rate_and_not_one_of_zero(self):
        silent, tracked = self.new_sent_mailing(), self.new_sent_mailing()
        tracked._as_system().write({"track_opens": True, "track_clicks": True})
        undelivered = self.new_mailing(track_opens=True)
        self.env.flush_all()
        self.env.invalidate_all()
        report = self.env["partner.mailing.report"].with_user(self.marketer)

        def rates(records):
            [values] = records.read(["opened_rate", "clicked_rate", "bounced_rate"])
            return [values[name] for name in ("opened_rate", "clicked_rate", "bounced_rate")]

        for mailing, expected in (
            (silent, [False, False, 50.0]),
            (tracked, [0.0, 0.0, 50.0]),
            (undelivered, [False, False, False]),
        ):
            values = rates(mailing.with_user(self.marketer))
            self.assertEqual(values, expected)
            self.assertEqual([type(value) for value in values], [type(one) for one in expected])
        domain = [("mailing_id", "=", silent.id)]
        line = report.search(domain)
        self.assertEqual(rates(line), [False, False, 50.0])
        self.assertIs(rates(line)[0], False)
        [group] = report.formatted_read_group(domain, ["mailing_id"], ["opened_rate:avg"])
        self.assertFalse(isinstance(group["opened_rate:avg"], float))
        self.assertEqual(line.sudo().export_data(["opened_rate"])["datas"], [[""]])
        self.assertEqual(tracked.sudo().export_data(["opened_rate"])["datas"], [[0.0]])

    def test_the_dashboard_has_no_rate_of_what_no_mailing_tracked(self):
        mailing = self.new_sent_mailing()
        for other in self.env["partner.mailing"].search([("id", "!=", mailing.id)]):
            other._as_system().started_at = False
        self.env.flush_all()
        totals = self.env["partner.mailing.report"].get_dashboard(30)["totals"]
        self.assertIs(totals["opened_rate"], False)
        self.assertEqual((totals["opened_count"], totals["bounced_rate"]), (0, 50.0))
        mailing._as_system().track_opens = True
        self.env.flush_all()
        totals = self.env["partner.mailing.report"].get_dashboard(30)["totals"]
        self.assertEqual(totals["opened_rate"], 0.0)

    def test_the_dashboard_sums_up_what_the_user_sees(self):
        mailing = self.new_sent_mailing()
        self.react(mailing, "anna@example.com")
        mailing.action_open_statistics()
        report = self.env["partner.mailing.report"].with_user(self.marketer)
        for days in (30, 90, 365):
            with self.subTest(days=days):
                figures = report.get_dashboard(days)
                self.assertGreaterEqual(figures["totals"]["mailings"], 1)
                self.assertEqual(
                    sum(point["delivered_count"] for point in figures["curve"]),
                    figures["totals"]["delivered_count"],
                )
                self.assertIn(mailing.id, [line["id"] for line in figures["mailings"]])
                self.assertIn("example.com", [line["name"] for line in figures["domains"]])
                self.assertEqual(figures["links"][0]["clicked"], 1)
        with freeze_time(fields.Datetime.now() + timedelta(days=45)):
            figures = report.get_dashboard(30)
            self.assertEqual(figures["totals"]["mailings"], 0)
            self.assertGreaterEqual(figures["before"]["mailings"], 1)

    def test_the_dashboard_costs_the_same_however_many_mailings_there_are(self):
        report = self.env["partner.mailing.report"].with_user(self.marketer)
        self.new_sent_mailing()
        few, _size = cost(self.env, lambda: report.get_dashboard(90))
        for _number in range(5):
            self.new_mailing()._as_system().write(
                {"started_at": fields.Datetime.now(), "state": "done"}
            )
        many, _size = cost(self.env, lambda: report.get_dashboard(90))
        self.assertLessEqual(many, few)
        self.assertLessEqual(many, 15)

    def test_every_graph_and_table_opens(self):
        self.new_sent_mailing().action_open_statistics()
        for model in ("partner.mailing.report", "partner.mailing.breakdown"):
            Model = self.env[model].with_user(self.marketer)
            measures = [
                f"{name}:{field.aggregator}"
                for name, field in Model._fields.items()
                if field.aggregator and name != "id"
            ]
            self.assertTrue(Model.formatted_read_group([], ["mailing_id"], measures))


@tagged("post_install", "-at_install")
class TestStatisticsTour(StatisticsCase, HttpCase):
    def test_the_dashboard_leads_to_a_mailing_and_its_recipients(self):
        mailing = self.new_sent_mailing(name="Tour figures")
        self.rows(mailing)["boris@example.com"]._as_system().state = "bounced"
        mailing._recount()
        mailing.action_open_statistics()
        for other in self.env["partner.mailing"].search([("id", "!=", mailing.id)]):
            other._as_system().started_at = False
        self.start_tour(
            "/odoo/mailing-dashboard", "mass_mailing_lite_statistics", login="marketer", timeout=180
        )
        self.assertTrue(mailing.with_user(self.marketer).is_favorite)

    def test_an_empty_limit_of_a_mail_server_is_none(self):
        server = self.env["ir.mail_server"].create(
            {"name": "Ours", "smtp_host": "127.0.0.1", "partner_mailing_limit_hour": 500}
        )
        self.start_tour(
            f"/odoo/action-base.action_ir_mail_server_list/{server.id}",
            "mass_mailing_lite_limits",
            login="admin",
            timeout=180,
        )
        self.assertEqual(
            (server.partner_mailing_limit_day, server.partner_mailing_limit_hour), (4000, 0)
        )
