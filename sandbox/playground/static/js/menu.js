// A small menu that opens below a button. Escape and a click elsewhere close it.

import { h } from './dom.js';

/** A <details> with a list of buttons: `entries` are [label, act]. */
export function menu(summary, label, entries, className = '') {
  const details = h(
    'details',
    { className: `menu ${className}`, on: { keydown } },
    h('summary', { 'aria-label': label, title: label }, summary),
    h(
      'div',
      { className: 'menu-list', role: 'group', 'aria-label': label },
      entries.map(([words, act]) => h('button', { type: 'button', on: { click: () => choose(act) } }, words)),
    ),
  );
  function choose(act) {
    details.open = false;
    act();
  }
  function keydown(event) {
    if (event.key === 'Escape' && details.open) {
      event.stopPropagation();
      details.open = false;
      details.querySelector('summary').focus();
    }
  }
  return details;
}

document.addEventListener('click', (event) => {
  for (const open of document.querySelectorAll('details.menu[open]')) {
    if (!open.contains(event.target)) open.open = false;
  }
});
