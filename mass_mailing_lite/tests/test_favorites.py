from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import MailingCase


@tagged("post_install", "-at_install")
class TestFavorites(MailingCase):
    def favorites_of(self, user):
        return self.env["partner.mailing"].with_user(user).search([("is_favorite", "=", True)])

    def test_each_user_has_favorites_of_their_own(self):
        mailing, other = self.new_mailing(), self.new_mailing(name="Another one")
        mailing.with_user(self.marketer).is_favorite = True
        self.assertEqual(self.favorites_of(self.marketer), mailing)
        self.assertFalse(self.favorites_of(self.validator))
        self.assertTrue(mailing.with_user(self.marketer).is_favorite)
        self.assertFalse(mailing.with_user(self.validator).is_favorite)
        self.assertIn(
            other,
            self.env["partner.mailing"]
            .with_user(self.marketer)
            .search([("is_favorite", "=", False)]),
        )
        mailing.with_user(self.marketer).write({"is_favorite": False})
        self.assertFalse(self.favorites_of(self.marketer))

    def test_readers_may_mark_favorites_in_any_state_and_change_nothing_by_it(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.env.flush_all()
        before = (mailing.write_date, mailing.write_uid, mailing.editor_ids, mailing.state)
        mailing.with_user(self.validator).write({"is_favorite": True})
        mailing.with_user(self.validator).write({"is_favorite": True})
        self.env.invalidate_all()
        self.assertEqual(self.favorites_of(self.validator), mailing)
        self.assertEqual(
            before, (mailing.write_date, mailing.write_uid, mailing.editor_ids, mailing.state)
        )

    def test_who_may_not_read_a_mailing_may_not_mark_it(self):
        mailing = self.new_mailing()
        stranger = self.env["res.users"].create(
            {"name": "Stranger", "login": "stranger", "group_ids": self.env.ref("base.group_user")}
        )
        with self.assertRaises(AccessError):
            mailing.with_user(stranger).write({"is_favorite": True})

    def test_a_user_cannot_mark_favorites_for_others(self):
        mailing = self.new_mailing().with_user(self.marketer)
        with self.assertRaises(AccessError):
            mailing.write({"favorite_user_ids": [(4, self.validator.id)]})

    def test_a_copy_is_no_favorite(self):
        mailing = self.new_mailing().with_user(self.marketer)
        mailing.is_favorite = True
        self.assertFalse(mailing.copy().is_favorite)
