import { _t } from "@web/core/l10n/translation";

// Of each kind: the field that says what is meant, and the model of its records. Another addon adds
// its own with addKind, in a file that imports this one.
export const KINDS = {
    audience: {
        field: "audience_id",
        model: "partner.mailing.audience",
        icon: "fa-users",
        title: _t("Audiences"),
        context: { partner_mailing_in_dialog: true },
    },
    tag: {
        field: "category_id",
        model: "res.partner.category",
        icon: "fa-tag",
        title: _t("Contact Tags"),
    },
    mailing: {
        field: "earlier_mailing_id",
        model: "partner.mailing",
        icon: "fa-envelope-o",
        title: _t("Earlier Mailings"),
        context: {
            list_view_ref: "mass_mailing_lite.partner_mailing_view_list_earlier",
            kanban_view_ref: "mass_mailing_lite.partner_mailing_view_kanban_earlier",
        },
    },
    contact: { field: "partner_id", model: "res.partner", icon: "fa-user", title: _t("Contacts") },
    domain: { field: "domain", icon: "fa-filter", title: _t("Filter") },
    address: { field: "address", icon: "fa-at", title: _t("Addresses") },
};

export function addKind(key, kind) {
    KINDS[key] = kind;
}

export const OUTCOMES = {
    sent: _t("got it"),
    not_reached: _t("did not get it"),
    opened: _t("opened it"),
    not_opened: _t("did not open it"),
    clicked: _t("clicked a link"),
    not_clicked: _t("did not click a link"),
    replied: _t("answered"),
    newcomer: _t("came in since"),
};
