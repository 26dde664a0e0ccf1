// Short words at the edge of the page.

import { h } from './dom.js';

const STAY_MS = 5000;

/** Say something for a few seconds. */
export function toast(words, className = '') {
  const element = h('div', { className: `toast ${className}` }, words);
  document.getElementById('toasts').append(element);
  setTimeout(() => element.remove(), STAY_MS);
}

/** Say why something did not work. */
export function complain(error) {
  toast(error.message, 'bad');
}
