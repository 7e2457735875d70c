import { useOwnedDialogs, useService } from "@web/core/utils/hooks";
import { TranslationButton } from "@web/views/fields/translation_button";
import { TranslationDialog } from "@web/views/fields/translation_dialog";

import { ChipInput } from "./chip_input";
import { loadPlaceholders } from "./placeholders";

import { onWillStart } from "@odoo/owl";

// Odoo's dialog of a field's languages, with placeholders as chips.
export class PlaceholderTranslationDialog extends TranslationDialog {
    static template = "mass_mailing_lite.PlaceholderTranslationDialog";
    static components = { ...TranslationDialog.components, ChipInput };
    static props = { ...TranslationDialog.props, isMultiline: { type: Boolean, optional: true } };

    setup() {
        super.setup();
        const orm = useService("orm");
        onWillStart(async () => (this.placeholders = await loadPlaceholders(orm)));
    }

    setEditor(term, editor) {
        if (editor) {
            editor.value = this.updatedTerms[term.id] ?? term.value;
        }
    }
}

export class PlaceholderTranslationButton extends TranslationButton {
    static props = { ...TranslationButton.props, isMultiline: { type: Boolean, optional: true } };

    setup() {
        super.setup();
        const addDialog = useOwnedDialogs();
        const { isMultiline } = this.props;
        this.translationDialog = async ({ record, fieldName }) => {
            if (!(await record.save())) {
                return;
            }
            addDialog(PlaceholderTranslationDialog, {
                fieldName,
                isMultiline,
                resId: record.resId,
                resModel: record.resModel,
                userLanguageValue: record.data[fieldName] || "",
                onSave: () => record.load(),
            });
        };
    }
}
