import { ThemeSelector } from "@mass_mailing/themes/theme_selector/theme_selector";
import { user } from "@web/core/user";

// Models whose favourites suit contacts: name and address are called the same there.
const MODELS = ["res.partner", "mailing.list", "mailing.contact"];

// Odoo's choice of themes and of favourite mailings of Email Marketing. Its users alone may read these;
// all others see the themes.
export class MailingThemeSelector extends ThemeSelector {
    setup() {
        super.setup();
        const { orm } = this;
        this.orm = Object.create(orm);
        this.orm.call = async (model, method, ...args) => {
            if (method !== "action_fetch_favorites") {
                return orm.call(model, method, ...args);
            }
            if (!(await user.hasGroup("mass_mailing.group_mass_mailing_user"))) {
                return [];
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
