import { Component, onWillStart, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useAutofocus, useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";

const MODEL = "res.partner.category";
const SHOWN = 200; // tags at once; the others are found by their names
const DELAY = 250; // ms from a letter to the search

// The dialog in which tags are ticked: one by one, all that are shown, or none.
export class TagsDialog extends Component {
    static template = "mass_mailing_lite.TagsDialog";
    static components = { Dialog };
    static props = { close: Function, title: String, chosen: Array, onConfirm: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ tags: [], isCut: false, typed: "", ticked: {} });
        for (const id of this.props.chosen) {
            this.state.ticked[id] = true;
        }
        this.searchSoon = useDebounced(() => this.search(), DELAY);
        useAutofocus();
        onWillStart(() => this.search());
    }

    async search() {
        const { typed } = this.state;
        const domain = typed ? [["display_name", "ilike", typed]] : [];
        const tags = await this.orm.searchRead(MODEL, domain, ["display_name"], {
            limit: SHOWN + 1,
        });
        if (typed === this.state.typed) {
            this.state.isCut = tags.length > SHOWN;
            this.state.tags = tags.slice(0, SHOWN);
        }
    }

    onInput(ev) {
        this.state.typed = ev.target.value.trim();
        this.searchSoon();
    }

    tickShown(value) {
        for (const { id } of this.state.tags) {
            this.state.ticked[id] = value;
        }
    }

    get ids() {
        return Object.keys(this.state.ticked)
            .filter((id) => this.state.ticked[id])
            .map(Number);
    }

    get status() {
        return _t("Ticked: %s", this.ids.length);
    }

    async confirm() {
        this.props.close();
        await this.props.onConfirm(this.ids);
    }
}
