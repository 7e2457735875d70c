import { registry } from "@web/core/registry";
import { calendarView } from "@web/views/calendar/calendar_view";

// The calendar of mailings. Only a draft can be planned by dragging it: what the server refuses
// goes back to its day.
class MailingCalendarModel extends calendarView.Model {
    async updateRecord() {
        try {
            await super.updateRecord(...arguments);
        } catch (error) {
            await this.load();
            throw error;
        }
    }
}

// With a button for a mailing that has no time yet; a click on a day makes one for that time.
class MailingCalendarController extends calendarView.Controller {
    onClickNew() {
        return this.editRecord({}, this.model.meta.context);
    }
}

registry.category("views").add("partner_mailing_calendar", {
    ...calendarView,
    Model: MailingCalendarModel,
    Controller: MailingCalendarController,
    buttonTemplate: "mass_mailing_lite.CalendarButtons",
});
