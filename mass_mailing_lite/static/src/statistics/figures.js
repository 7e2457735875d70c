import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { formatFloat, formatInteger } from "@web/views/fields/formatters";

// The colour of each figure on all pages.
export const COLORS = {
    delivered: "#43C5B1",
    bounced: "#F4A261",
    failed: "#EA6175",
};

// Percent of bounced or failed messages from which a figure is shown in red.
export const ALARM = 5;

export const LABELS = {
    recipients: _t("Recipients"),
    sent: _t("Sent"),
    delivered: _t("Delivered"),
    opened: _t("Opened"),
    clicked: _t("Clicked"),
    replied: _t("Replied"),
    unsubscribed: _t("Unsubscribed"),
    bounced: _t("Bounced"),
    failed: _t("Failed"),
};

// Shown in place of a share of nothing.
export const NONE = "–";
export const NOT_TRACKED = _t("Not tracked");
export const NOTHING_DELIVERED = _t("Nothing was delivered");

// Where each language has the percent sign: to ask takes longer than to draw the number.
const percents = {};

// A number with the percent sign where the language has it: 5%, 5 %, %5.
export function formatPercent(number) {
    const locale = luxon.Settings.defaultLocale;
    percents[locale] ??= new Intl.NumberFormat(locale, { style: "percent" }).formatToParts(0);
    return percents[locale].map(({ type, value }) => (type === "integer" ? number : value)).join("");
}

// A share with one digit; two below one percent, so that it is not shown as 0.0 %.
export function formatShare(percent) {
    if (typeof percent !== "number") {
        return NONE;
    }
    const digits = percent > 0 && percent < 1 ? 2 : 1;
    return formatPercent(formatFloat(percent, { digits: [16, digits] }));
}

// A number, which a mailing that another system sent may not have.
export function formatCount(number) {
    return typeof number === "number" ? formatInteger(number) : NONE;
}

// Percent; null where there is nothing to divide by.
export function share(part, whole) {
    return whole ? (100 * part) / whole : null;
}

// Pivot tables and the sums of lists have the widget's formatter.
registry.category("formatters").add("partner_mailing_rate", formatShare);
registry.category("formatters").add("partner_mailing_count", formatCount);

export { formatInteger };
