import { registry } from "@web/core/registry";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

import { formatInteger, formatShare } from "../statistics/figures";

// A graph of counts, whose axis has whole numbers only, or of shares in percent.
export class ReportGraphRenderer extends GraphRenderer {
    get isOfShares() {
        return this.model.metaData.measure.endsWith("_rate");
    }

    formatValue(value) {
        return this.isOfShares ? formatShare(value) : formatInteger(value);
    }

    getScaleOptions() {
        const options = super.getScaleOptions();
        if (options.y && !this.isOfShares) {
            options.y.ticks.precision = 0;
        }
        return options;
    }
}

registry.category("views").add("partner_mailing_graph", {
    ...graphView,
    Renderer: ReportGraphRenderer,
});
