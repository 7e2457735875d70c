import { ThemeSelector } from "@mass_mailing/themes/theme_selector/theme_selector";

// Models whose favourites suit contacts: name and address are called the same there.
const MODELS = ["res.partner", "mailing.list", "mailing.contact"];

// Odoo's choice of themes and of favourite mailings of Email Marketing. Who may not read these gets none
// from the server.
export class MailingThemeSelector extends ThemeSelector {
    setup() {
        super.setup();
        const { orm } = this;
        this.orm = Object.create(orm);
        this.orm.call = async (model, method, ...args) => {
            if (method !== "action_fetch_favorites") {
                return orm.call(model, method, ...args);
            }
            const { mailingModelId, mailingModelName } = this.props.config;
            const favorites = await orm.call(model, method, ...args);
            // The template shows the favourites of one model.
            return favorites.map((favorite) => ({
                ...favorite,
                mailing_model_id: [mailingModelId, mailingModelName],
            }));
        };
    }

    get favoriteDomain() {
        return [["mailing_model_id.model", "in", MODELS]];
    }
}
