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

registry.category("views").add("partner_mailing_calendar", {
    ...calendarView,
    Model: MailingCalendarModel,
});
