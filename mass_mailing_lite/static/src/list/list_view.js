import { Avatar } from "@mail/views/web/fields/avatar/avatar";
import { useEffect } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { usePopover } from "@web/core/popover/popover_hook";
import { evaluate, parseExpr } from "@web/core/py_js/py";
import { registry } from "@web/core/registry";
import { extractFieldsFromArchInfo } from "@web/model/relational_model/utils";
import { BooleanFavoriteField } from "@web/views/fields/boolean_favorite/boolean_favorite_field";
import { ListController } from "@web/views/list/list_controller";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

import { describeRate } from "../statistics/rate_field";

// A list whose rows cost little. With Odoo's own list, a page of 80 mailings makes about 900
// components, which take half of the time until it is drawn.
//
// - The row itself draws what is only read, as the widget of that name draws it.
// - An expression of the view is parsed once, not for each row.
// - Fields of a hidden column are read when the column is shown.

// Widget -> template of its cell.
const CELLS = {
    badge: "mass_mailing_lite.BadgeCell",
    boolean_favorite: "mass_mailing_lite.FavoriteCell",
    many2one_avatar_user: "mass_mailing_lite.UserCell",
    partner_mailing_rate: "mass_mailing_lite.RateCell",
};

const parsed = new Map();

// Tell whether an expression of a view is true, as Odoo's evaluateBooleanExpr does.
function isTrue(expression, context) {
    if (!expression || expression === "False" || expression === "0") {
        return false;
    }
    if (expression === "True" || expression === "1") {
        return true;
    }
    if (!parsed.has(expression)) {
        parsed.set(expression, parseExpr(`bool(${expression})`));
    }
    return evaluate(parsed.get(expression), context);
}

const wholes = new WeakMap();

// Return the active fields of all columns of a view, hidden ones too.
function getAllFields(archInfo, fields) {
    if (!wholes.has(archInfo)) {
        wholes.set(archInfo, extractFieldsFromArchInfo(archInfo, fields).activeFields);
    }
    return wholes.get(archInfo);
}

// Return the active fields of the columns that are shown, with those that their expressions name.
function getShownFields(archInfo, fields, isShown) {
    const nodes = Object.entries(archInfo.fieldNodes);
    const shown = nodes.map(([, node]) => node).filter(isShown);
    const expressions = [
        ...archInfo.decorations.map(({ condition }) => condition),
        ...archInfo.columns.flatMap(({ buttons }) => buttons || []).map(({ invisible }) => invisible),
        ...shown.flatMap(({ invisible, readonly, required, decorations }) => [
            invisible,
            readonly,
            required,
            ...Object.values(decorations),
        ]),
    ];
    const names = new Set(expressions.join(" ").match(/[A-Za-z_]\w*/g));
    shown.forEach(({ name }) => names.add(name));
    const fieldNodes = Object.fromEntries(nodes.filter(([, { name }]) => names.has(name)));
    return extractFieldsFromArchInfo({ ...archInfo, fieldNodes }, fields).activeFields;
}

// Return the key under which the browser keeps the user's choice of columns. Odoo makes it from the
// fields that are read: here from all, so that it does not change with the choice.
function getColumnsKey(env, archInfo, fields, resModel) {
    const fieldNames = Object.keys(getAllFields(archInfo, fields)).filter(
        (name) => !fields[name].relatedPropertyField
    );
    return ListRenderer.prototype.createViewKey.call({
        env,
        props: { list: { fieldNames, resModel } },
    });
}

export class MailingListController extends ListController {
    get modelParams() {
        const params = super.modelParams;
        const { archInfo, fields, resModel, state } = this.props;
        // A list that the user comes back to has read the columns that were shown.
        if (!state?.modelState) {
            const key = getColumnsKey(this.env, archInfo, fields, resModel);
            const chosen = browser.localStorage.getItem(`optional_fields,${key}`)?.split(",");
            params.config.activeFields = getShownFields(archInfo, fields, ({ name, attrs }) =>
                chosen && attrs.optional ? chosen.includes(name) : attrs.optional !== "hide"
            );
        }
        return params;
    }
}

export class MailingListRenderer extends ListRenderer {
    static recordRowTemplate = "mass_mailing_lite.ListRow";

    setup() {
        super.setup();
        this.userCard = usePopover(Avatar.components.Popover);
        this.readFields = new Set(Object.keys(this.props.list.activeFields));
        useEffect(
            () => {
                this.readChosenColumns();
            },
            () => [JSON.stringify(this.optionalActiveFields)]
        );
    }

    createViewKey() {
        const { archInfo, list } = this.props;
        return getColumnsKey(this.env, archInfo, list.fields, list.resModel);
    }

    // Read the fields of columns that were hidden until now, and show the columns then.
    async readChosenColumns() {
        const { archInfo, list } = this.props;
        const wanted = getShownFields(
            archInfo,
            list.fields,
            ({ name, attrs }) => !attrs.optional || this.optionalActiveFields[name]
        );
        const missing = Object.keys(wanted).filter((name) => !this.readFields.has(name));
        if (missing.length) {
            missing.forEach((name) => (list.activeFields[name] = wanted[name]));
            list.model.config.fieldsToAggregate?.push(...missing);
            await list.load();
            missing.forEach((name) => this.readFields.add(name));
            this.render();
        }
    }

    getActiveColumns() {
        return super
            .getActiveColumns()
            .filter(({ type, name }) => type !== "field" || this.readFields.has(name));
    }

    evalInvisible(invisible, record) {
        return isTrue(invisible, record.evalContextWithVirtualIds);
    }

    getCellTemplate(column, record) {
        return !record.isInEdition && CELLS[column.widget];
    }

    // ------------------------------------------------------------
    // Cells
    // ------------------------------------------------------------

    getBadgeClass({ decorations }, record) {
        for (const name in decorations) {
            if (isTrue(decorations[name], record.evalContextWithVirtualIds)) {
                return name === "muted" ? "text-bg-300" : `text-bg-${name}`;
            }
        }
        return "text-bg-300";
    }

    getRate({ name, options }, record) {
        return describeRate(record, name, options.tracked);
    }

    // Ask Odoo's field for the class or the label of the star.
    getFavorite(property, { name }, record) {
        return Reflect.get(BooleanFavoriteField.prototype, property, { props: { record, name } });
    }

    onFavoriteClicked({ name }, record) {
        return record.update({ [name]: !record.data[name] }, { save: true });
    }

    onUserClicked(ev, { name }, record) {
        if (!this.userCard.isOpen && !this.env.isSmall) {
            this.userCard.open(ev.currentTarget, {
                id: record.data[name].id,
                model: record.fields[name].relation,
            });
        }
    }
}

registry.category("views").add("partner_mailing_list", {
    ...listView,
    Controller: MailingListController,
    Renderer: MailingListRenderer,
});
