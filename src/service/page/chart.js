// SPDX-License-Identifier: MIT
// Lines over time, by Dygraphs.  What they show is said in words as well.
import { el, text } from './dom.js';
import { _, clock, memory } from './i18n.js';

// Its legend would set styles that the page's policy forbids.
if (globalThis.Dygraph)
	globalThis.Dygraph.PLUGINS = globalThis.Dygraph.PLUGINS.filter(
		(plugin) => plugin !== globalThis.Dygraph.Plugins.Legend);

// Lines that lie upon each other can be told apart, and not by colour alone.
const PATTERNS = [null, [7, 4], [2, 4]];

const KEEP = 300; // points: five minutes, one a second

// title: of the chart; labels: of its lines; format(value) for axis and words.
export class Chart {
	constructor(title, labels, format) {
		this.labels = labels;
		this.format = format;
		this.points = [];
		this.box = el('div', { class: 'chart', 'aria-hidden': 'true' });
		this.values = labels.map(() => el('span'));
		this.words = el('p', { class: 'words' }, labels.map((label, i) =>
			[el('span', { class: `swatch line-${i + 1}`,
				'aria-hidden': 'true' }), _('{label}:', { label }), ' ',
			this.values[i], ' ']).flat());
		this.element = el('figure', {}, el('figcaption', {}, title),
			this.box, this.words);
		this.dark = matchMedia('(prefers-color-scheme: dark)');
		this.recolour = () => this.graph?.updateOptions(this.colours());
		this.dark.addEventListener('change', this.recolour);
	}

	colours() {
		const style = getComputedStyle(this.box);
		const colour = (name) => style.getPropertyValue(name).trim();

		return { colors: ['--line-1', '--line-2', '--line-3']
			.slice(0, this.labels.length).map(colour),
		gridLineColor: colour('--grid'),
		axisLineColor: colour('--grid') };
	}

	add(time, values) {
		const last = this.points.at(-1);

		if (last && last[0].getTime() === time)
			return;
		this.points.push([new Date(time), ...values]);
		if (this.points.length > KEEP)
			this.points.shift();
		this.values.forEach((value, i) => text(value,
			this.format(values[i])));
		this.draw();
	}

	draw() {
		if (!this.box.isConnected || !globalThis.Dygraph)
			return;
		if (this.graph) {
			this.graph.updateOptions({ file: this.points });
			return;
		}
		this.graph = new globalThis.Dygraph(this.box, this.points, {
			labels: ['', ...this.labels],
			...this.colours(),
			includeZero: true,
			strokeWidth: 2,
			fillGraph: this.labels.length === 1,
			interactionModel: {},
			series: Object.fromEntries(this.labels.map((label, i) =>
				[label, { strokePattern: PATTERNS[i] }])),
			axes: {
				x: { axisLabelFormatter: clock,
					axisLabelWidth: 80 },
				// Ticks at powers of two where these are round.
				y: { axisLabelFormatter: this.format,
					labelsKMG2: this.format === memory,
					axisLabelWidth: 70 },
			},
		});
	}

	end() {
		this.dark.removeEventListener('change', this.recolour);
		this.graph?.destroy();
		this.graph = null;
	}
}
