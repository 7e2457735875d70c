import { Plugin } from "@html_editor/plugin";
import { withSequence } from "@html_editor/utils/resource";

import { packBlocks, unpackBlocks } from "./mail_blocks";

// Columns and banners: Odoo's blocks in the editor, tables in what is saved.
export class MailBlocksPlugin extends Plugin {
    static id = "partnerMailingBlocks";
    resources = {
        // Before the others look at what came in.
        normalize_handlers: withSequence(1, (root) => unpackBlocks(root)),
        // After the others took out what is for the editor alone.
        clean_for_save_handlers: withSequence(1000, ({ root }) => packBlocks(root)),
    };
}
