import { Notebook } from "@web/core/notebook/notebook";
import { registry } from "@web/core/registry";
import { pick } from "@web/core/utils/objects";
import { FetchRecordError } from "@web/model/relational_model/errors";
import { RelationalModel } from "@web/model/relational_model/relational_model";
import { getBasicEvalContext, getFieldsSpec } from "@web/model/relational_model/utils";
import { FormController } from "@web/views/form/form_controller";
import { FormRenderer } from "@web/views/form/form_renderer";
import { formView } from "@web/views/form/form_view";

import { markRaw, onWillStart, onWillUpdateProps, status } from "@odoo/owl";

// Odoo reads all fields of a form before it draws the first. Those of a mailing with the option `late`
// are read when their page opens: lists of recipients, entries, groups, approvals. Before a change of
// the mailing all of them are read, so that what is changed, computed and saved is the whole record.
//
//     options="{'late': true}"    the field is left out until then
//     options="{'late': 'rows'}"  of an x2many field, ids are read at once and the rows later

const PLAIN_TYPES = ["boolean", "char", "date", "datetime", "float", "integer", "selection", "text"];

const isNumber = (value) => typeof value === "number";

export class MailingRecord extends RelationalModel.Record {
    setup(config, data, options) {
        // Changed in place, as nothing is drawn anew because of it.
        this.unread = markRaw(new Set());
        const unread = this.findUnread(config, data);
        super.setup(config, data, options);
        this.setUnread(unread);
    }

    // The names of late fields of a saved mailing that `data` of the server does not have.
    findUnread(config, data) {
        const late = config.isRoot && config.resId ? this.model.late.fields.keys() : [];
        const isUnread = (name) => !(name in data) || (Array.isArray(data[name]) && isNumber(data[name][0]));
        return [...late].filter(isUnread);
    }

    setUnread(names) {
        this.unread.clear();
        names.forEach((name) => this.unread.add(name));
    }

    _setData(data, params) {
        const unread = this.findUnread(this.config, data);
        const missing = unread.filter((name) => !(name in data));
        // What stands on the screen, or was changed, stays when an answer comes that does not have it.
        const isKept = (name) =>
            name in (this._values || {}) &&
            !this.unread.has(name) &&
            (this.model.late.open.has(name) || (params?.keepChanges && name in this._changes));
        const kept = unread.filter(isKept);
        const values = pick(this._values || {}, ...kept);
        super._setData({ ...this._getDefaultValues(missing), ...data }, params);
        if (kept.length) {
            Object.assign(this._values, values);
            Object.assign(this.data, values, this._changes);
            this._setEvalContext();
        }
        this.setUnread(unread.filter((name) => !kept.includes(name)));
    }

    // Reads those of the fields `names` that were not read yet.
    async readLate(names = this.unread) {
        const wanted = [...names].filter((name) => this.unread.has(name));
        if (!wanted.length) {
            return;
        }
        const { activeFields, context, fields, resId, resModel } = this.config;
        const specification = getFieldsSpec(
            pick(activeFields, ...wanted),
            fields,
            getBasicEvalContext(this.config)
        );
        const [values] = await this.model.orm.webRead(resModel, [resId], {
            context: { bin_size: true, ...context },
            specification,
        });
        if (!values) {
            throw new FetchRecordError([resId]);
        }
        const open = wanted.filter((name) => this.unread.has(name));
        open.forEach((name) => this.unread.delete(name));
        this._applyValues(pick(values, ...open));
    }

    async _update(changes, options) {
        if (this.unread.size && !this.model._urgentSave) {
            this.dirty = true;
            // The form is drawn when they have been read: an input would get its old value back then,
            // and lose what was typed since.
            const isPlain = (name) => PLAIN_TYPES.includes(this.fields[name].type);
            this._applyChanges(pick(changes, ...Object.keys(changes).filter(isPlain)));
            // Without an answer, what was typed is kept; saving it says what is the matter.
            await this.readLate().catch(() => {});
        }
        return super._update(changes, options);
    }
}

export class MailingModel extends RelationalModel {
    static Record = MailingRecord;

    setup(params, services) {
        super.setup(params, services);
        // The late fields, {name: option}, and the names of those on the page that is open.
        this.late = markRaw({ fields: params.lateFields, open: new Set() });
    }

    // Opens a page with the fields `names`; returns nothing where all of them have been read.
    openPage(names) {
        const { late } = this;
        late.open = new Set(names.filter((name) => late.fields.has(name)));
        const isUnread = (name) => this.root.unread.has(name);
        if ([...late.open].some(isUnread)) {
            return this.mutex.exec(() => this.root.readLate(late.open));
        }
    }

    // Of a page that is open, late fields are read with the others.
    getFirstFields(activeFields) {
        const first = {};
        for (const [name, field] of Object.entries(activeFields)) {
            const late = !this.late.open.has(name) && this.late.fields.get(name);
            if (late === "rows") {
                first[name] = { ...field, related: undefined };
            } else if (!late) {
                first[name] = field;
            }
        }
        return first;
    }

    _loadRecords(config, ...params) {
        if (config.isRoot) {
            config = { ...config, activeFields: this.getFirstFields(config.activeFields) };
        }
        return super._loadRecords(config, ...params);
    }
}

// Opens a page when its fields have been read; until then the page before it stays.
export class MailingNotebook extends Notebook {
    setup() {
        super.setup();
        this.turn = 0;
        const read = () => this.read(this.state.currentPage);
        onWillStart(read);
        onWillUpdateProps(read);
    }

    read(id) {
        const page = this.pages.find(([key]) => key === id)?.[1];
        return page && this.env.model.openPage(page.fieldNames || []);
    }

    async activatePage(id) {
        const turn = ++this.turn;
        if (!this.disabledPages.includes(id)) {
            const reading = this.read(id);
            if (reading) {
                await reading;
            }
        }
        if (turn === this.turn && status(this) !== "destroyed") {
            super.activatePage(id);
        }
    }
}

export class MailingFormRenderer extends FormRenderer {
    static components = { ...FormRenderer.components, Notebook: MailingNotebook };
}

export class MailingFormController extends FormController {
    get modelParams() {
        const lateFields = new Map();
        const nodes = Object.values(this.archInfo.fieldNodes);
        for (const { name, options } of nodes) {
            lateFields.set(name, lateFields.get(name) !== false && (options?.late || false));
        }
        for (const [name, late] of lateFields) {
            if (!late) {
                lateFields.delete(name);
            }
        }
        return { ...super.modelParams, lateFields };
    }
}

export const mailingFormView = {
    ...formView,
    Controller: MailingFormController,
    Model: MailingModel,
    Renderer: MailingFormRenderer,
};

registry.category("views").add("partner_mailing_form", mailingFormView);
