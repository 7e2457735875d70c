import { Component, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { useAutofocus } from "@web/core/utils/hooks";

// The dialog in which addresses are typed or pasted. What is wrong with them, the entry says.
export class AddressesDialog extends Component {
    static template = "mass_mailing_lite.AddressesDialog";
    static components = { Dialog };
    static props = { close: Function, text: String, onConfirm: Function };

    setup() {
        this.state = useState({ text: this.props.text });
        useAutofocus();
    }

    confirm() {
        this.props.onConfirm(this.state.text.trim());
        this.props.close();
    }
}
