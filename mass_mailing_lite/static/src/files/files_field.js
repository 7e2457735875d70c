import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import {
    many2ManyBinaryField,
    Many2ManyBinaryField,
} from "@web/views/fields/many2many_binary/many2many_binary_field";

// The files of a mailing: how large the message is with them, and which are sent as links. A file
// that was just added and does not fit becomes a link; a press makes it an attachment again.
export class FilesField extends Many2ManyBinaryField {
    static template = "mass_mailing_lite.FilesField";

    get summary() {
        return this.props.record.data.file_summary;
    }

    get isTooLarge() {
        return Boolean(this.summary) && this.summary.size > this.summary.limit;
    }

    getRecord(id) {
        return this.props.record.data[this.props.name].records.find((record) => record.resId === id);
    }

    async setLink(id, isLink) {
        await this.getRecord(id)?.update({ partner_mailing_as_link: isLink });
    }

    async onFileUploaded(files) {
        await super.onFileUploaded(files);
        const added = files.filter((file) => !file.error).map((file) => this.getRecord(file.id)).filter(Boolean);
        added.sort((one, other) => other.data.file_size - one.data.file_size);
        for (const file of added) {
            if (!this.isTooLarge) {
                return;
            }
            await this.setLink(file.resId, true);
            this.notification.add(
                _t('"%s" is sent as a link: with it, the message would be larger than the mail server takes.', file.data.name),
                { type: "info" }
            );
        }
    }
}

export const filesField = {
    ...many2ManyBinaryField,
    component: FilesField,
    displayName: _t("Files of a mailing"),
    relatedFields: [
        ...many2ManyBinaryField.relatedFields,
        { name: "file_size", type: "integer" },
        { name: "partner_mailing_as_link", type: "boolean", readonly: false },
    ],
};

registry.category("fields").add("partner_mailing_files", filesField);
