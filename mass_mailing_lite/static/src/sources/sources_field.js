import { Component, useRef, useState } from "@odoo/owl";
import { DomainSelectorDialog } from "@web/core/domain_selector_dialog/domain_selector_dialog";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { x2ManyCommands } from "@web/core/orm_service";
import { registry } from "@web/core/registry";
import { useOwnedDialogs, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { FormViewDialog } from "@web/views/view_dialogs/form_view_dialog";
import { SelectCreateDialog } from "@web/views/view_dialogs/select_create_dialog";

import { goTo } from "../checklist/go_to";
import { AddressesDialog } from "./addresses_dialog";
import { KINDS, OUTCOMES } from "./kinds";
import { TagsDialog } from "./tags_dialog";

const MODEL = "partner.mailing.source";
const LINK = "link_id";
const VALUES = ["side", "kind", "outcome", "domain", "address"];
// The fields of the mailing that change the numbers, of those that the form has.
const COUNTED_WITH = [
    "channel",
    "copy_policy",
    "cc",
    "bcc",
    "ignores_pressure",
    "extra_emails",
    "extra_numbers",
];
const SHOWN = 15; // entries of a side at once; of more, a button shows the rest
const DELAY = 300; // ms from a change to the question to the server

// Write to, and But not to: the entries of both sides, with the number of people beside each.
//
// Numbers are asked for after the field is shown and after each change, so that neither waits for
// them. Entries are saved with the form.
export class SourcesField extends Component {
    static template = "mass_mailing_lite.SourcesField";
    static components = { Dropdown, DropdownItem };
    static props = { ...standardFieldProps, sides: { type: Array, optional: true } };
    static defaultProps = { sides: ["in", "out"] };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.treeProcessor = useService("tree_processor");
        this.addDialog = useOwnedDialogs();
        this.root = useRef("root");
        this.state = useState({
            counted: {},
            total: undefined,
            others: [],
            kinds: undefined, // that the user can choose, when the server has said so
            error: "",
            links: {},
            unfolded: {},
            left: {}, // entries whose link, which is gone, is not meant any more
            filters: {},
        });
        this.askSoon = useDebounced(() => this.ask(), DELAY);
        useRecordObserver((record) => {
            this.describeFilters(record);
            if (JSON.stringify(this.getQuestion(record)) !== this.asked) {
                this.askSoon();
            }
        });
    }

    get list() {
        return this.props.record.data[this.props.name];
    }

    // An audience has entries as well, and no sum of them: its sentence has the numbers.
    get isOfMailing() {
        return this.props.record.resModel === "partner.mailing";
    }

    get sides() {
        const sides = [
            {
                key: "in",
                title: _t("Write to"),
                add: _t("Add"),
                nobody: _t("Nobody is chosen yet."),
            },
            {
                key: "out",
                title: _t("But not to"),
                add: _t("Exclude"),
                nobody: _t("Nobody is excluded."),
            },
        ];
        return sides.filter(({ key }) => this.props.sides.includes(key));
    }

    get kinds() {
        return Object.entries(KINDS)
            .filter(([key]) => this.canChoose(key))
            .map(([key, kind]) => ({ key, ...kind }));
    }

    canChoose(kind) {
        return !this.state.kinds || this.state.kinds.includes(kind);
    }

    getEntries(side) {
        return this.list.records.filter((entry) => entry.data.side === side);
    }

    getShown(side) {
        const entries = this.getEntries(side);
        if (this.state.unfolded[side]) {
            return entries;
        }
        // What cannot be used is shown, wherever it stands.
        return entries.filter((entry, n) => n < SHOWN || this.getProblem(entry));
    }

    getFoldedText(side) {
        const count = this.getEntries(side).length;
        return count > this.getShown(side).length && _t("Show all: %s", formatInteger(count));
    }

    // ------------------------------------------------------------
    // Numbers
    // ------------------------------------------------------------

    // What the server is asked; a change of anything else does not ask it again.
    getQuestion(record) {
        const { data, resId } = record;
        const known = COUNTED_WITH.filter((name) => name in data);
        const values = Object.fromEntries(known.map((name) => [name, data[name]]));
        if ("company_id" in data) {
            values.company_id = data.company_id?.id || false;
        }
        const entries = data[this.props.name].records.map((entry) => ({
            ...this.getValues(entry),
            id: entry.resId || false,
        }));
        return [resId || false, values, entries];
    }

    getValues(entry) {
        const values = Object.fromEntries(VALUES.map((name) => [name, entry.data[name] || false]));
        for (const name of [...getRecordFields(), LINK]) {
            values[name] = entry.data[name]?.id || false;
        }
        values.link_text = this.getGoneLink(entry);
        return values;
    }

    async ask() {
        if (this.props.readonly) {
            return;
        }
        const { records } = this.list;
        const question = this.getQuestion(this.props.record);
        const keys = records.map((entry) => this.getKey(entry));
        const asked = JSON.stringify(question);
        this.asked = asked;
        let answer;
        try {
            const method = this.isOfMailing ? "count_people" : "count_people_of_audience";
            answer = await this.orm.silent.call(MODEL, method, question);
        } catch (error) {
            if (this.asked === asked) {
                this.state.error =
                    error.data?.message || _t("The numbers are not known at the moment.");
            }
            return;
        }
        if (this.asked !== asked) {
            return; // A later question is under way.
        }
        const { total, others, kinds } = answer;
        Object.assign(this.state, { total, others, kinds, error: "" });
        keys.forEach((key, n) => {
            this.state.counted[key] = answer.entries[n];
        });
    }

    // The same entry is known by its values, before and after it is saved.
    getKey(entry) {
        return JSON.stringify(this.getValues(entry));
    }

    getCounted(entry) {
        return this.state.counted[this.getKey(entry)];
    }

    getNumber(entry) {
        const counted = this.getCounted(entry);
        return counted ? formatInteger(counted.count) : "…";
    }

    getProblem(entry) {
        return this.getCounted(entry)?.problem;
    }

    get totalText() {
        const number = formatInteger(this.state.total);
        return _t("People in all: about %s. The exact number comes with the list.", number);
    }

    formatNumber(number) {
        return formatInteger(number);
    }

    // What else the mailing goes to: fields beside this one.
    get others() {
        const marked = this.props.record.data.marked_count;
        const others = this.state.others.filter((one) => one.count);
        if (marked) {
            const label = _t("Added from Contacts");
            others.unshift({ field: "marked_window_ids", label, count: marked, icon: "fa-user-plus" });
        }
        return others;
    }

    // ------------------------------------------------------------
    // Words
    // ------------------------------------------------------------

    getWords(entry) {
        const { kind, domain } = entry.data;
        if (kind === "domain" && this.state.filters[domain]) {
            return this.state.filters[domain];
        }
        const counted = this.getCounted(entry);
        if (kind === "mailing" && !this.props.readonly && counted?.name) {
            return counted.name;
        }
        return counted?.words || entry.data.display_name || "…";
    }

    // The server knows no words for a filter; the client does.
    async describeFilters(record) {
        for (const { data } of record.data[this.props.name].records) {
            if (data.kind !== "domain" || data.domain in this.state.filters) {
                continue;
            }
            this.state.filters[data.domain] = "";
            this.describeFilter(data.domain).then((words) => {
                this.state.filters[data.domain] = words;
            });
        }
    }

    async describeFilter(domain) {
        if (!domain || domain === "[]") {
            return _t("all contacts");
        }
        try {
            const tree = await this.treeProcessor.treeFromDomain("res.partner", domain, true);
            return await this.treeProcessor.getDomainTreeDescription("res.partner", tree);
        } catch {
            return ""; // The entry says what is wrong with it.
        }
    }

    getIcon(entry) {
        return KINDS[entry.data.kind]?.icon || "fa-users";
    }

    getRemoveLabel(entry) {
        return _t("Remove %s", this.getWords(entry));
    }

    getKindLabel(entry) {
        return KINDS[entry.data.kind]?.title || "";
    }

    // ------------------------------------------------------------
    // Changes
    // ------------------------------------------------------------

    add(side, kind) {
        if (kind === "domain") {
            return this.editFilter("[]", (domain) => this.create(side, kind, [{ domain }]));
        }
        if (kind === "address") {
            return this.addAddresses(side);
        }
        if (kind === "tag") {
            return this.editTags(side);
        }
        return this.select(side, kind);
    }

    select(side, kind) {
        const { field, model, title, context = {} } = KINDS[kind];
        const onSelected = (ids) => {
            const outcome = kind === "mailing" ? { outcome: "sent" } : {};
            const entries = ids.map((id) => ({ [field]: { id, display_name: "" }, ...outcome }));
            return this.create(side, kind, entries);
        };
        this.addDialog(SelectCreateDialog, {
            title,
            resModel: model,
            domain: this.getChoices(side, kind),
            context,
            noCreate: kind !== "audience",
            onSelected,
            onCreateEdit: () => this.openDialog(model, false, ({ resId }) => onSelected([resId])),
        });
    }

    // What can be chosen: not what is an entry of this side already.
    getChoices(side, kind) {
        const { field } = KINDS[kind];
        if (kind === "mailing") {
            const resId = this.isOfMailing && this.props.record.resId;
            const sent = [["started_at", "!=", false]];
            return resId ? [...sent, ["id", "!=", resId]] : sent;
        }
        const domain = [["id", "not in", this.getChosen(side, field)]];
        if (kind === "audience") {
            const own = !this.isOfMailing && this.props.record.resId;
            domain.push(["is_available", "=", true], ["id", "!=", own]);
        }
        const company = this.props.record.data.company_id;
        if (company && ["audience", "contact"].includes(kind)) {
            domain.push(["company_id", "in", [false, company.id]]);
        }
        return domain;
    }

    getChosen(side, field) {
        return this.getEntries(side)
            .map((entry) => entry.data[field]?.id)
            .filter(Boolean);
    }

    create(side, kind, entries) {
        const commands = entries.map((values) =>
            x2ManyCommands.create(false, { side, kind, ...values })
        );
        return this.list.applyCommands(commands);
    }

    async remove(entry) {
        const { side } = entry.data;
        await this.list.delete(entry);
        // The button that had the focus is gone.
        this.root.el.querySelector(`[data-side=${side}] .o_partner_mailing_add`)?.focus();
    }

    editFilter(domain, onConfirm) {
        this.addDialog(DomainSelectorDialog, {
            resModel: "res.partner",
            domain,
            title: _t("Contacts That Match"),
            isDebugMode: Boolean(this.env.debug),
            onConfirm,
        });
    }

    editTags(side) {
        this.addDialog(TagsDialog, {
            title: side === "in" ? _t("Write to Contacts With") : _t("Not to Contacts With"),
            chosen: this.getChosen(side, "category_id"),
            onConfirm: (ids) => {
                const before = this.getChosen(side, "category_id");
                const gone = this.getEntries(side).filter(
                    ({ data }) => data.category_id && !ids.includes(data.category_id.id)
                );
                const added = ids.filter((id) => !before.includes(id));
                return this.list.applyCommands([
                    ...gone.map((entry) => x2ManyCommands.delete(entry.resId || entry._virtualId)),
                    ...added.map((id) =>
                        x2ManyCommands.create(false, {
                            side,
                            kind: "tag",
                            category_id: { id, display_name: "" },
                        })
                    ),
                ]);
            },
        });
    }

    // Those to write to stand in a field of the mailing, which is on this tab.
    addAddresses(side) {
        const own = side === "in" && this.state.others.find((one) => one.field);
        if (own) {
            return this.show(own.field);
        }
        return this.editAddresses("", (address) => this.create(side, "address", [{ address }]));
    }

    editAddresses(text, onConfirm) {
        this.addDialog(AddressesDialog, { text, onConfirm: (value) => value && onConfirm(value) });
    }

    show(field) {
        return goTo(this, { page: "recipients", focus: field });
    }

    // ------------------------------------------------------------
    // What an entry stands for
    // ------------------------------------------------------------

    open(entry) {
        const { kind, domain, address } = entry.data;
        const { field, model } = KINDS[kind] || {};
        const id = model && entry.data[field]?.id;
        if (kind === "domain" && !this.props.readonly) {
            return this.editFilter(domain || "[]", (changed) => entry.update({ domain: changed }));
        }
        if (kind === "domain") {
            return this.openContacts(entry, domain);
        }
        if (kind === "address") {
            return this.editAddresses(address, (changed) => entry.update({ address: changed }));
        }
        if (kind === "tag" && id) {
            return this.openContacts(entry, [["category_id", "in", [id]]]);
        }
        if (kind === "audience" || kind === "contact") {
            return id && this.openDialog(model, id, () => this.ask());
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

    openDialog(resModel, resId, onRecordSaved) {
        this.addDialog(FormViewDialog, {
            title: resModel === KINDS.audience.model ? _t("Audience") : _t("Contact"),
            resModel,
            resId,
            context: { partner_mailing_in_dialog: true },
            onRecordSaved,
        });
    }

    openContacts(entry, domain) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: this.getWords(entry),
            res_model: "res.partner",
            domain,
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }

    // Whether a press on the name of an entry opens something.
    canOpen(entry) {
        const { kind } = entry.data;
        if (kind === "address" || kind === "domain") {
            return !this.props.readonly || kind === "domain";
        }
        // A mailing without a name is hidden from the user.
        const isHidden = kind === "mailing" && this.getCounted(entry)?.name === false;
        return !isHidden && this.canChoose(kind) && Boolean(entry.data[KINDS[kind]?.field]?.id);
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
    getLinks(entry) {
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

    // The address of a chosen link that was deleted since.
    getGoneLink(entry) {
        const { link_id, link_text } = entry.data;
        return (!link_id && !this.state.left[entry.id] && link_text) || false;
    }

    setOutcome(entry, outcome) {
        this.state.left[entry.id] = true;
        return entry.update({ outcome, link_id: false });
    }

    setLink(entry, value) {
        const id = Number(value);
        this.state.left[entry.id] = true;
        return entry.update({ link_id: id ? { id, display_name: "" } : false });
    }
}

function getRecordFields() {
    return Object.values(KINDS)
        .filter(({ model }) => model)
        .map(({ field }) => field);
}

// Names come in words from the server, which knows what the user may not see; here are ids alone.
const many2one = (name, relation) => ({
    name,
    type: "many2one",
    relation,
    invisible: "True",
    readonly: false,
});

export const sourcesField = {
    component: SourcesField,
    displayName: _t("Write to and But not to"),
    supportedTypes: ["one2many"],
    extractProps: ({ options }) => ({ sides: options.sides }),
    relatedFields: () => [
        { name: "display_name", type: "char" },
        { name: "side", type: "selection", selection: [], readonly: false },
        { name: "kind", type: "selection", selection: [], readonly: false },
        { name: "outcome", type: "selection", selection: [], readonly: false },
        { name: "link_text", type: "char" },
        { name: "domain", type: "char", readonly: false },
        { name: "address", type: "text", readonly: false },
        many2one(LINK, "partner.mailing.link"),
        ...Object.values(KINDS)
            .filter(({ model }) => model)
            .map(({ field, model }) => many2one(field, model)),
    ],
};

registry.category("fields").add("partner_mailing_sources", sourcesField);
