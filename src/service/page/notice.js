// SPDX-License-Identifier: MIT
// What is said above the view.
import * as api from './api.js';
import { original, refusal } from './explain.js';

// parts: texts and elements.  What is there already is not said again.
function set(parts, bad) {
	const notice = document.getElementById('notice');
	const wanted = parts.map((p) => p?.textContent ?? p ?? '').join('');

	if (notice.textContent === wanted)
		return;
	notice.className = bad ? 'bad' : '';
	notice.setAttribute('role', bad ? 'alert' : 'status');
	notice.replaceChildren(...parts.filter(Boolean));
}

export const say = (message, bad = false) => set([message], bad);

// Shows a refusal: what it means, and the service's own words.  One of the
// token signs out.
export function failed(error) {
	const means = refusal(error);

	if (error.status === 401) {
		api.signOut();
		dispatchEvent(new Event('signedout'));
	}
	set([means, original(error.message)], true);
}
