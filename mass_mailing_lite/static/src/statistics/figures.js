import { _t } from "@web/core/l10n/translation";
import { formatFloat, formatInteger } from "@web/views/fields/formatters";

// One colour for one thing, on every page.
export const COLORS = {
    delivered: "#43C5B1",
    bounced: "#F4A261",
    failed: "#EA6175",
};

// Percent of lost messages from which one should look for the reason.
export const ALARM = 5;

export const LABELS = {
    recipients: _t("Recipients"),
    sent: _t("Sent"),
    delivered: _t("Delivered"),
    opened: _t("Opened"),
    clicked: _t("Clicked"),
    unsubscribed: _t("Unsubscribed"),
    bounced: _t("Bounced"),
    failed: _t("Failed"),
};

// A share with as many digits as it takes to tell it from nothing.
export function formatShare(percent) {
    const digits = percent > 0 && percent < 1 ? 2 : 1;
    return `${formatFloat(percent, { digits: [16, digits] })} %`;
}

export function share(part, whole) {
    return whole ? (100 * part) / whole : 0;
}

export { formatInteger };
