import { Component, onWillStart, onWillUnmount, useEffect, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { cookie } from "@web/core/browser/cookie";
import { getCustomColor } from "@web/core/colors/colors";
import { formatInteger } from "@web/views/fields/formatters";

const scheme = cookie.get("color_scheme");
const GRID = getCustomColor(scheme, "#d8dadd", "#3C3E4B");
const TEXT = getCustomColor(scheme, "#374151", "#E4E4E4");

// Stacked bars over time, drawn by Chart.js as Odoo's own graphs are.
export class MailingChart extends Component {
    static template = "mass_mailing_lite.MailingChart";
    static props = {
        labels: { type: Array, element: String },
        series: { type: Array, element: Object },
        title: String,
    };

    setup() {
        this.canvas = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [this.props.labels, this.props.series]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    draw() {
        this.chart?.destroy();
        this.chart = new Chart(this.canvas.el, {
            type: "bar",
            data: {
                labels: this.props.labels,
                datasets: this.props.series.map(({ label, color, data }) => ({
                    label,
                    data,
                    backgroundColor: color,
                    borderRadius: 2,
                    maxBarThickness: 48,
                })),
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "index", intersect: false },
                plugins: {
                    legend: { position: "bottom", labels: { color: TEXT, boxWidth: 12 } },
                    tooltip: {
                        callbacks: {
                            label: ({ dataset, raw }) => `${dataset.label}: ${formatInteger(raw)}`,
                        },
                    },
                },
                scales: {
                    x: {
                        stacked: true,
                        grid: { display: false },
                        ticks: { color: TEXT, maxRotation: 0, autoSkipPadding: 16 },
                    },
                    y: {
                        stacked: true,
                        beginAtZero: true,
                        grid: { color: GRID },
                        border: { display: false },
                        ticks: {
                            color: TEXT,
                            precision: 0,
                            callback: (value) => formatInteger(value),
                        },
                    },
                },
            },
        });
    }
}
