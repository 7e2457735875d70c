import { _t } from "@web/core/l10n/translation";
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
    unsubscribed: _t("Unsubscribed"),
    bounced: _t("Bounced"),
    failed: _t("Failed"),
};

// A share with one digit; two below one percent, so that it is not shown as 0.0 %.
export function formatShare(percent) {
    const digits = percent > 0 && percent < 1 ? 2 : 1;
    return `${formatFloat(percent, { digits: [16, digits] })} %`;
}

export function share(part, whole) {
    return whole ? (100 * part) / whole : 0;
}

export { formatInteger };
