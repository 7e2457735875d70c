import { useAutofocus, useService } from "@web/core/utils/hooks";
import { DynamicPlaceholderPopover } from "@web/views/fields/dynamic_placeholder_popover";

import { cleanFallback, loadPlaceholders } from "./placeholders";

import { Component, onWillStart, useState } from "@odoo/owl";

// The list of the placeholders that all users may insert, then the fallback for an empty field. A link
// of the recipient is never empty, and is offered in plain texts of several lines alone (`isText`).
// Template editors can also open Odoo's own list of all fields.
//
// For a chip that is there already (`current`), its fallback at once, with buttons that change its
// field and that remove it. An expression that is no placeholder of the list is shown to template
// editors alone.
export class PlaceholderPopover extends Component {
    static template = "mass_mailing_lite.PlaceholderPopover";
    static components = { DynamicPlaceholderPopover };
    static props = {
        validate: Function,
        close: Function,
        resModel: { type: String, optional: true },
        current: { type: Object, optional: true },
        isText: { type: Boolean, optional: true },
        remove: { type: Function, optional: true },
        writeExpression: { type: Function, optional: true },
        goOn: { type: Function, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        const { current } = this.props;
        this.state = useState({
            search: "",
            chosen: null,
            fallback: current?.fallback || "",
            expression: current?.expression || "",
            showsExpression: false,
            showsAllFields: false,
        });
        useAutofocus({ refName: "autofocus" });
        useAutofocus({ refName: "fallback", selectAll: true });
        onWillStart(async () => {
            const { list, byExpression, isTemplateEditor } = await loadPlaceholders(this.orm);
            this.placeholders = list.filter((one) => !one.is_link || this.props.isText);
            this.isTemplateEditor = isTemplateEditor;
            if (current) {
                this.state.chosen = byExpression.get(current.expression) || null;
                this.state.showsExpression = !this.state.chosen;
            }
        });
    }

    get found() {
        const search = this.state.search.trim().toLowerCase();
        return this.placeholders.filter((placeholder) =>
            placeholder.label.toLowerCase().includes(search)
        );
    }

    choose(placeholder) {
        if (placeholder?.is_link) {
            this.props.validate(placeholder.path, "");
            this.props.close();
            return;
        }
        this.state.chosen = placeholder;
        this.state.fallback ||= placeholder.fallback || "";
        this.state.showsExpression = false;
    }

    insert() {
        this.props.validate(this.state.chosen.path, cleanFallback(this.state.fallback));
        this.props.close();
    }

    saveExpression() {
        const expression = this.state.expression.replace(/\{\{|\}\}/g, "").trim();
        if (expression && expression !== this.props.current.expression) {
            this.props.writeExpression(expression);
        }
        this.props.close();
    }

    remove() {
        this.props.remove();
        this.props.close();
    }

    onSearchKeydown(ev) {
        if (ev.key === "Enter" && this.found.length) {
            ev.preventDefault();
            this.choose(this.found[0]);
        } else if (ev.key === " " && !this.state.search && this.props.goOn) {
            ev.preventDefault();
            this.props.goOn();
            this.props.close();
        }
    }

    onFallbackKeydown(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            ev.stopPropagation();
            this.state.showsExpression ? this.saveExpression() : this.insert();
        }
    }
}
