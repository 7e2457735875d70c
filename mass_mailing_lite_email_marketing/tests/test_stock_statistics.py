from datetime import timedelta

from odoo import Command, fields
from odoo.addons.mass_mailing_lite.tests.common import GROUP
from odoo.addons.mass_mailing_lite.tests.pages import cost
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..moving.figures import STATES
from .test_moving import MovingCase

RATES = [
    "delivered_rate", "opened_rate", "clicked_rate", "unsubscribed_rate", "bounced_rate",
    "failed_rate",
]  # fmt: skip


class StockStatisticsCase(MovingCase):
    def new_sent_stock(self, days=1, **values):
        """Return a mailing that Email Marketing sent: 6 delivered, 1 bounced, 2 failed, 1 not sent.

        Of the 6, 3 were opened, 1 of them answered, and 2 people clicked.
        """
        stock = self.new_stock(**values).sudo()
        now = fields.Datetime.now()
        stock.write({"state": "done", "sent_date": now - timedelta(days=days)})
        states = ["sent"] * 3 + ["open"] * 2 + ["reply", "bounce", "error", "error", "cancel"]
        self.env["mailing.trace"].create(
            [
                {
                    "mass_mailing_id": stock.id,
                    "model": "res.partner",
                    "res_id": number,
                    "trace_status": state,
                    "links_click_datetime": number in (4, 5) and now,
                }
                for number, state in enumerate(states, 1)
            ]
        )
        self.env["mailing.trace"].create(
            {"mass_mailing_id": stock.id, "model": "res.partner", "res_id": 99,
             "trace_status": "sent", "is_test_trace": True}
        )  # fmt: skip
        return stock

    def line(self, stock, user=None):
        return (
            self.env["partner.mailing.report"]
            .with_user(user or self.both)
            .search([("email_marketing_id", "=", stock.id)])
        )


@tagged("post_install", "-at_install")
class TestStockStatistics(StockStatisticsCase):
    def test_what_email_marketing_sent_stands_beside_ours_in_the_same_words(self):
        ours = self.new_mailing(self.both)
        ours._as_system().started_at = fields.Datetime.now()
        stock = self.new_sent_stock()
        line = self.line(stock)
        self.assertEqual(line.sent_by, "email_marketing")
        self.assertEqual(line.name, stock.subject)
        self.assertEqual(line.user_id, stock.user_id)
        self.assertEqual(line.started_at, stock.sent_date)
        figures = {
            name: line[f"{name}_count"]
            for name in ("recipient", "sent", "delivered", "opened", "clicked", "replied",
                         "bounced", "failed")
        }  # fmt: skip
        self.assertEqual(
            figures,
            {"recipient": 9, "sent": 7, "delivered": 6, "opened": 3, "clicked": 2, "replied": 1,
             "bounced": 1, "failed": 2},
        )  # fmt: skip
        rates = dict(
            zip(RATES, [100 * 6 / 9, 50.0, 100 * 2 / 6, False, 100 / 7, 200 / 9], strict=True)
        )
        for name, rate in rates.items():
            self.assertAlmostEqual(line[name], rate, msg=name)
        found = self.env["partner.mailing.report"].with_user(self.both).search(
            [("started_at", ">", fields.Datetime.now() - timedelta(days=2))]
        )  # fmt: skip
        self.assertEqual(set(found.mapped("sent_by")), {"here", "email_marketing"})
        self.assertEqual(found.mailing_id, ours)

    def test_what_it_does_not_know_is_no_zero(self):
        line = self.line(self.new_sent_stock())
        [values] = line.read(["unsubscribed_count", "unsubscribed_rate"])
        self.assertIs(values["unsubscribed_count"], False)
        self.assertIs(values["unsubscribed_rate"], False)
        self.assertEqual(line.sudo().export_data(["unsubscribed_count"])["datas"], [[""]])
        [group] = line.formatted_read_group(
            [("id", "in", line.ids)], [], ["unsubscribed_count:sum", "unsubscribed_rate:avg"]
        )
        self.assertNotIsInstance(group["unsubscribed_rate:avg"], float)
        self.assertFalse(group["unsubscribed_count:sum"])

    def test_a_group_of_both_has_the_rate_of_what_is_known(self):
        ours = self.new_mailing(self.both)
        ours._as_system().started_at = fields.Datetime.now()
        ours.counter_id._as_system().write(
            {"recipient_count": 4, "sent_count": 4, "unsubscribed_count": 1}
        )
        stock = self.new_sent_stock()
        report = self.env["partner.mailing.report"].with_user(self.both)
        self.env.flush_all()
        [(rate, number, delivered)] = report._read_group(
            ["|", ("mailing_id", "=", ours.id), ("email_marketing_id", "=", stock.id)],
            [],
            ["unsubscribed_rate:avg", "unsubscribed_count:sum", "delivered_rate:avg"],
        )
        self.assertEqual((rate, number), (25.0, 1))
        self.assertAlmostEqual(delivered, 100 * 10 / 13)

    def test_nobody_sees_whether_a_text_message_was_opened(self):
        stock = self.new_sent_stock()
        self.set_columns(stock, mailing_type="sms")
        line = self.line(stock)
        self.assertIs(line.opened_count, False)
        self.assertIs(line.opened_rate, False)
        self.assertEqual(line.clicked_count, 2)

    def test_a_click_opens_the_mailing_where_it_was_sent(self):
        stock = self.new_sent_stock()
        action = self.line(stock).action_open_statistics()
        self.assertEqual((action["res_model"], action["res_id"]), ("mailing.mailing", stock.id))
        ours = self.new_mailing(self.both)
        ours._as_system().started_at = fields.Datetime.now()
        report = self.env["partner.mailing.report"].with_user(self.both)
        action = report.search([("mailing_id", "=", ours.id)]).action_open_statistics()
        self.assertEqual(action["res_model"], "partner.mailing")

    def test_drafts_and_what_waits_have_no_line(self):
        stock = self.new_stock()
        self.assertFalse(self.line(stock))
        stock.state = "in_queue"
        self.assertFalse(self.line(stock))

    def test_all_states_of_traces_and_mailings_are_known(self):
        known = {*STATES["recipient_count"], "cancel"}
        states = {
            key for key, _label in self.env["mailing.trace"]._fields["trace_status"].selection
        }
        self.assertEqual(
            states,
            known,
            "Odoo has other states of traces: see moving/figures.py for what they mean",
        )
        states = {key for key, _label in self.env["mailing.mailing"]._fields["state"].selection}
        self.assertEqual(
            states,
            {"draft", "in_queue", "sending", "done"},
            "Odoo has other states of mailings: see moving/take_over.py, which may take them over",
        )

    # ------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------

    def test_without_the_right_to_its_traces_nobody_learns_of_them(self):
        stock = self.new_sent_stock()
        line = self.line(stock)
        self.validator.group_ids -= self.env.ref("mass_mailing.group_mass_mailing_user")
        for user in (self.marketer, self.validator, self.manager):
            report = self.env["partner.mailing.report"].with_user(user)
            with self.subTest(user=user.login):
                self.assertFalse(report.search([("name", "=", stock.subject)]))
                self.assertFalse(report.search([("mailing_id", "=", False)]))
                self.assertFalse(report.search_count([("sent_by", "=", "email_marketing")]))
                self.assertNotIn(
                    "email_marketing", [key for (key,) in report._read_group([], ["sent_by"])]
                )
                # As of a record that is not there.
                self.assertFalse(line.with_user(user).exists())
                self.assertFalse(line.with_user(user)._filtered_access("read"))
                self.env.invalidate_all()
                self.assertNotIn(stock.subject, str(line.with_user(user).read()))
                with self.assertRaises(AccessError):
                    line.with_user(user).action_open_statistics()
                with self.assertRaises(AccessError):
                    report.search([("email_marketing_id", "!=", False)])
        with self.assertRaises(AccessError):
            self.line(stock, self.stock_user)

    def test_record_rules_of_email_marketing_hold(self):
        stock, hidden = self.new_sent_stock(), self.new_sent_stock(subject="Hidden")
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("mailing.mailing"),
                "domain_force": [("id", "!=", hidden.id)],
            }
        )
        report = self.env["partner.mailing.report"].with_user(self.both)
        self.assertTrue(self.line(stock))
        self.assertFalse(report.search([("name", "=", "Hidden")]))

    def test_a_validator_of_ours_with_email_marketing_sees_both(self):
        self.validator.group_ids += self.env.ref("mass_mailing.group_mass_mailing_user")
        self.assertTrue(self.line(self.new_sent_stock(), self.validator))

    def test_hidden_mailings_of_ours_stay_hidden(self):
        secret = self.env["res.groups"].create({"name": "Secret"})
        ours = self.new_mailing(view_group_ids=[Command.link(secret.id)])
        ours._as_system().started_at = fields.Datetime.now()
        report = self.env["partner.mailing.report"].with_user(self.both)
        self.assertFalse(report.search([("name", "=", ours.name)]))
        self.assertFalse(self.both.has_group(GROUP % "validator"))

    def test_the_dashboard_is_about_ours(self):
        before = self.env["partner.mailing.report"].with_user(self.both).get_dashboard(30)
        self.new_sent_stock()
        after = self.env["partner.mailing.report"].with_user(self.both).get_dashboard(30)
        self.assertEqual(before["totals"], after["totals"])

    # ------------------------------------------------------------
    # Cost
    # ------------------------------------------------------------

    def test_figures_of_old_mailings_are_kept_and_those_of_young_ones_counted(self):
        counters = self.env["partner.mailing.past.counter"]
        old, young = self.new_sent_stock(days=48), self.new_sent_stock(days=0)
        self.count_by_schedule()
        kept = counters.search([("email_marketing_id", "in", (old + young).ids)])
        self.assertEqual(kept.email_marketing_id, old)
        self.assertEqual(self.line(old).delivered_count, 6)
        for stock in (old, young):
            stock.mailing_trace_ids.filtered(lambda one: one.trace_status == "open").unlink()
        self.env.invalidate_all()
        self.assertEqual(self.line(old).delivered_count, 6, "read from what was kept")
        self.assertEqual(self.line(young).delivered_count, 4)
        kept._as_system().counted_at -= timedelta(days=1)
        self.assertNotIn(old.id, counters._find_due(), "the older, the more seldom")
        kept._as_system().counted_at -= timedelta(days=2)
        self.count_by_schedule()
        self.env.invalidate_all()
        self.assertEqual(self.line(old).delivered_count, 4, "counted anew")
        self.assertFalse(counters._find_due())

    def count_by_schedule(self):
        cron = self.env.ref("mass_mailing_lite_email_marketing.ir_cron_count_past")
        with self.enter_registry_test_mode():
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    def test_what_is_sent_again_is_counted_again(self):
        old = self.new_sent_stock(days=40)
        self.env["partner.mailing.past.counter"]._count(old.ids)
        old.sent_date = fields.Datetime.now() + timedelta(seconds=1)
        old.mailing_trace_ids.filtered(lambda one: one.trace_status == "open").unlink()
        self.env.invalidate_all()
        self.assertEqual(self.line(old).delivered_count, 4)

    def test_a_page_costs_the_same_number_of_queries_with_more_mailings(self):
        report = self.env["partner.mailing.report"].with_user(self.both)
        spec = {"name": {}, "sent_by": {}, "delivered_count": {}, "opened_rate": {}}

        def look():
            return report.web_search_read([], spec, limit=80)

        self.new_sent_stock()
        look()
        few, _size = cost(self.env, look)
        for _number in range(4):
            self.new_sent_stock()
        many, _size = cost(self.env, look)
        self.assertEqual(few, many)
