import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { DomainSelectorDialog } from "@web/core/domain_selector_dialog/domain_selector_dialog";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { x2ManyCommands } from "@web/core/orm_service";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { SelectCreateDialog } from "@web/views/view_dialogs/select_create_dialog";

const MODEL = "partner.mailing.source";
// Of each kind: the field that says what is meant, and the model of its records.
const KINDS = {
    audience: { field: "audience_id", model: "partner.mailing.audience", icon: "fa-users" },
    tag: { field: "category_id", model: "res.partner.category", icon: "fa-tag" },
    mailing: { field: "earlier_mailing_id", model: "partner.mailing", icon: "fa-envelope-o" },
    contact: { field: "partner_id", model: "res.partner", icon: "fa-user" },
    domain: { field: "domain", icon: "fa-filter" },
    address: { field: "address", icon: "fa-at" },
};
const TITLES = {
    audience: _t("Audiences"),
    tag: _t("Tags"),
    mailing: _t("Earlier Mailings"),
    contact: _t("Contacts"),
    domain: _t("Filter"),
    address: _t("Addresses"),
};
const OUTCOMES = {
    sent: _t("got it"),
    not_reached: _t("did not get it"),
    opened: _t("opened it"),
    not_opened: _t("did not open it"),
    clicked: _t("clicked a link"),
    not_clicked: _t("did not click a link"),
    replied: _t("answered"),
    newcomer: _t("came in since"),
};
const RECORDS = ["audience_id", "category_id", "earlier_mailing_id", "link_id", "partner_id"];
const VALUES = ["side", "kind", "outcome", "domain", "address"];
// The fields of the mailing that change the numbers.
const COUNTED_WITH = ["channel", "copy_policy", "cc", "bcc", "ignores_pressure"];
const DELAY = 300; // ms from a change to the question to the server

// The dialog in which addresses are typed or pasted.
export class AddressesDialog extends Component {
    static template = "mass_mailing_lite.AddressesDialog";
    static components = { Dialog };
    static props = { close: Function, text: String, onConfirm: Function };

    setup() {
        this.state = useState({ text: this.props.text });
    }

    confirm() {
        this.props.onConfirm(this.state.text.trim());
        this.props.close();
    }
}

// Write to, and But not to: the entries of both sides, with the number of people beside each.
//
// Numbers are asked for after the form is shown and after each change, so that neither waits for
// them.
export class SourcesField extends Component {
    static template = "mass_mailing_lite.SourcesField";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.state = useState({ counted: {}, total: undefined, links: {} });
        this.kinds = Object.keys(KINDS);
        onMounted(() => this.count());
        onWillUnmount(() => clearTimeout(this.timer));
        this.props.record.model.bus.addEventListener("update", this.onUpdate);
        onWillUnmount(() => this.props.record.model.bus.removeEventListener("update", this.onUpdate));
    }

    onUpdate = () => {
        const asked = JSON.stringify(this.question);
        if (asked !== this.asked) {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.count(), DELAY);
        }
    };

    get list() {
        return this.props.record.data[this.props.name];
    }

    get sides() {
        return [
            { key: "in", title: _t("Write to"), add: _t("Add") },
            { key: "out", title: _t("But not to"), add: _t("Exclude") },
        ];
    }

    entries(side) {
        return this.list.records.filter((entry) => entry.data.side === side);
    }

    // ------------------------------------------------------------
    // Numbers
    // ------------------------------------------------------------

    // What the server is asked; a change of anything else does not ask it again.
    get question() {
        const { data, resId } = this.props.record;
        const known = COUNTED_WITH.filter((name) => name in data);
        return [
            resId || false,
            {
                ...Object.fromEntries(known.map((name) => [name, data[name]])),
                company_id: data.company_id?.id || false,
            },
            this.list.records.map((entry) => this.valuesOf(entry)),
        ];
    }

    valuesOf(entry) {
        const values = Object.fromEntries(VALUES.map((name) => [name, entry.data[name]]));
        for (const name of RECORDS) {
            values[name] = entry.data[name]?.id || false;
        }
        return values;
    }

    async count() {
        if (this.props.readonly) {
            return;
        }
        const question = this.question;
        const ids = this.list.records.map((entry) => entry.id);
        this.asked = JSON.stringify(question);
        const answer = await this.orm.silent.call(MODEL, "count_people", question);
        if (this.asked !== JSON.stringify(question)) {
            return; // A later question is under way.
        }
        this.state.counted = Object.fromEntries(ids.map((id, n) => [id, answer.entries[n]]));
        this.state.total = answer.total;
    }

    words(entry) {
        return this.state.counted[entry.id]?.words || entry.data.display_name || "…";
    }

    number(entry) {
        const counted = this.state.counted[entry.id];
        return counted ? formatInteger(counted.count) : "…";
    }

    problem(entry) {
        return this.state.counted[entry.id]?.problem || (this.props.readonly && entry.data.problem);
    }

    get total() {
        return formatInteger(this.state.total);
    }

    icon(entry) {
        return KINDS[entry.data.kind]?.icon || "fa-users";
    }

    title(kind) {
        return TITLES[kind];
    }

    // ------------------------------------------------------------
    // Changes
    // ------------------------------------------------------------

    add(side, kind) {
        const { field, model } = KINDS[kind];
        if (kind === "domain") {
            return this.editFilter("[]", (domain) => this.create(side, kind, [{ domain }]));
        }
        if (kind === "address") {
            return this.editAddresses("", (address) => this.create(side, kind, [{ address }]));
        }
        this.dialog.add(SelectCreateDialog, {
            title: TITLES[kind],
            resModel: model,
            domain: this.choices(side, kind),
            noCreate: true,
            onSelected: (ids) => {
                const outcome = kind === "mailing" ? { outcome: "sent" } : {};
                return this.create(
                    side,
                    kind,
                    ids.map((id) => ({ [field]: { id, display_name: "" }, ...outcome }))
                );
            },
        });
    }

    // What can be chosen: not what is an entry of this side already.
    choices(side, kind) {
        const { field } = KINDS[kind];
        if (kind === "mailing") {
            const domain = [["started_at", "!=", false]];
            const { resId } = this.props.record;
            return resId ? [...domain, ["id", "!=", resId]] : domain;
        }
        const chosen = this.entries(side)
            .map((entry) => entry.data[field]?.id)
            .filter(Boolean);
        const domain = [["id", "not in", chosen]];
        return kind === "audience" ? [...domain, ["is_available", "=", true]] : domain;
    }

    create(side, kind, entries) {
        return this.list.applyCommands(
            entries.map((values, n) => [
                x2ManyCommands.CREATE,
                `virtual_source_${Date.now()}_${n}`,
                { side, kind, ...values },
            ])
        );
    }

    remove(entry) {
        return this.list.delete(entry);
    }

    editFilter(domain, onConfirm) {
        this.dialog.add(DomainSelectorDialog, {
            resModel: "res.partner",
            domain,
            title: TITLES.domain,
            isDebugMode: Boolean(this.env.debug),
            onConfirm,
        });
    }

    editAddresses(text, onConfirm) {
        this.dialog.add(AddressesDialog, { text, onConfirm: (value) => value && onConfirm(value) });
    }

    open(entry) {
        const { kind } = entry.data;
        const { field, model } = KINDS[kind];
        if (kind === "domain" && !this.props.readonly) {
            return this.editFilter(entry.data.domain || "[]", (domain) => entry.update({ domain }));
        }
        if (kind === "address" && !this.props.readonly) {
            return this.editAddresses(entry.data.address || "", (address) =>
                entry.update({ address })
            );
        }
        const id = model && entry.data[field]?.id;
        if (kind === "tag" && id) {
            return this.openContacts(entry, [["category_id", "in", [id]]]);
        }
        // The form of the mailing is saved when it is left, as always; the breadcrumb leads back.
        return (
            id &&
            this.action.doAction({
                type: "ir.actions.act_window",
                res_model: model,
                res_id: id,
                views: [[false, "form"]],
            })
        );
    }

    openContacts(entry, domain) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: this.words(entry),
            res_model: "res.partner",
            domain,
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }

    // ------------------------------------------------------------
    // Earlier mailings
    // ------------------------------------------------------------

    get outcomes() {
        return Object.entries(OUTCOMES);
    }

    asksLink(entry) {
        return ["clicked", "not_clicked"].includes(entry.data.outcome);
    }

    // The links of the earlier mailing, read once.
    links(entry) {
        const id = entry.data.earlier_mailing_id?.id;
        if (id && !(id in this.state.links)) {
            this.state.links[id] = [];
            this.orm
                .searchRead("partner.mailing.link", [["mailing_id", "=", id]], ["url"])
                .then((links) => {
                    this.state.links[id] = links;
                });
        }
        return this.state.links[id] || [];
    }

    setOutcome(entry, outcome) {
        return entry.update({ outcome, link_id: false });
    }

    setLink(entry, value) {
        const id = Number(value);
        return entry.update({ link_id: id ? { id, display_name: "" } : false });
    }
}

const many2one = (name, relation) => ({ name, type: "many2one", relation });

export const sourcesField = {
    component: SourcesField,
    supportedTypes: ["one2many"],
    relatedFields: [
        { name: "display_name", type: "char" },
        { name: "problem", type: "char" },
        { name: "side", type: "selection", selection: [] },
        { name: "kind", type: "selection", selection: [] },
        { name: "outcome", type: "selection", selection: [] },
        { name: "domain", type: "char" },
        { name: "address", type: "text" },
        many2one("audience_id", "partner.mailing.audience"),
        many2one("category_id", "res.partner.category"),
        many2one("earlier_mailing_id", "partner.mailing"),
        many2one("link_id", "partner.mailing.link"),
        many2one("partner_id", "res.partner"),
    ],
};

registry.category("fields").add("partner_mailing_sources", sourcesField);
