import { addKind } from "@mass_mailing_lite/sources/kinds";
import { _t } from "@web/core/l10n/translation";

addKind("mailing_list", {
    field: "mailing_list_id",
    model: "mailing.list",
    icon: "fa-list-ul",
    title: _t("Mailing Lists"),
});
