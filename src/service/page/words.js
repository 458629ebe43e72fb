// SPDX-License-Identifier: MIT
// Words that stand for values of the service, where _() cannot see them.
import { _ } from './i18n.js';

export const power = (value) => ({
	running: _('running'), idle: _('idle'), stopped: _('stopped'),
	deallocated: _('deallocated'), failed: _('failed'),
}[value] ?? value);

export const state = (value) => ({
	open: _('open'), loading: _('loading'), running: _('running'),
	lost: _('lost'), closing: _('closing'), tampered: _('tampered with'),
}[value] ?? value);

export const doing = (value) => ({
	checking: _('checking'), making: _('making'),
	certifying: _('certifying'), placing: _('placing'),
	starting: _('starting'), stopping: _('stopping'),
	removing: _('removing'),
}[value] ?? value);

export const event = (value) => ({
	created: _('created'), started: _('started'), stopped: _('stopped'),
	deallocated: _('deallocated'), resized: _('resized'),
	failed: _('failed'), maintenance: _('maintenance'),
	tampering: _('tampering'), 'enclave lost': _('enclave lost'),
}[value] ?? value);

export const severity = (value) => ({
	good: _('Genuine'), warning: _('Genuine, with a warning'),
	expiry: _('Judged by stale collateral'), refused: _('Refused'),
}[value] ?? value);

export const part = (value) => ({
	header: _('Header'), enclave: _('Enclave report'),
	signature: _('Signature'), quoting_enclave: _('Quoting enclave'),
	certification: _('Certification data'),
}[value] ?? value);

export const role = (value) => ({
	machine: _('Machine'), intermediate: _('Intermediate'),
	root: _('Root'),
}[value] ?? value);

export const root = (value) => ({
	software: _('Coffer: software, not a processor'),
	intel: _('Intel'), unknown: _('none that is trusted'),
}[value] ?? value);
