// SPDX-License-Identifier: MIT
// What is said above the view.
import * as api from './api.js';

export function say(message, bad = false) {
	const notice = document.getElementById('notice');

	notice.hidden = !message;
	notice.className = bad ? 'bad' : '';
	notice.textContent = message ?? '';
}

// Shows a refusal.  One of the token signs out.
export function failed(error) {
	if (error.status === 401) {
		api.signOut();
		dispatchEvent(new Event('signedout'));
	}
	say(error.message, true);
}
