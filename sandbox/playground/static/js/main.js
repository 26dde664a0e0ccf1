// Puts the page together.

import { fill, h, icon } from './dom.js';
import { Faults } from './faults.js';
import { Feed } from './feed.js';
import { Header } from './header.js';
import { Meter } from './meter.js';
import { Slack } from './slack.js';
import { Store } from './store.js';
import { Telegram } from './telegram.js';
import { Timeline } from './timeline.js';
import { TourGuide } from './tour.js';

const VIEWS = [
  ['slack', 'thread', 'Slack'],
  ['telegram', 'plane', 'Telegram'],
  ['meter', 'coin', 'Meter'],
  ['faults', 'bolt', 'Break it'],
  ['timeline', 'list', 'Calls'],
];
const PANEL_OF = { meter: 'backstage', faults: 'backstage', workers: 'backstage' };

const store = new Store();
const feed = new Feed(store, (isOpen) => document.body.classList.toggle('offline', !isOpen));
const at = (id) => document.getElementById(id);

const meterTab = h('div', { role: 'tabpanel', id: 'meter', 'aria-labelledby': 'tab-meter' });
const faultsTab = h('div', { role: 'tabpanel', id: 'faults', 'aria-labelledby': 'tab-faults', hidden: true });
const tabs = h(
  'div',
  { className: 'k-tabs', role: 'tablist', 'aria-label': 'Backstage', on: { keydown: moveTab } },
  [['meter', 'coin', 'Meter'], ['faults', 'bolt', 'Break it']].map(([key, sign, words]) =>
    h('button', { type: 'button', role: 'tab', id: `tab-${key}`, 'aria-controls': key, on: { click: () => showTab(key) } }, icon(sign), words),
  ),
);
fill(at('backstage'), tabs, meterTab, faultsTab);

const tabbar = VIEWS.map(([key, sign, words]) => h('button', { type: 'button', 'data-view': key, on: { click: () => showView(key) } }, icon(sign), h('span', {}, words)));
fill(at('tabbar'), tabbar);

/** Show the meter or the faults. */
function showTab(key) {
  for (const [name, panel] of [['meter', meterTab], ['faults', faultsTab]]) {
    panel.hidden = name !== key;
    at(`tab-${name}`).setAttribute('aria-selected', String(name === key));
    at(`tab-${name}`).tabIndex = name === key ? 0 : -1;
  }
}

function moveTab({ key }) {
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return;
  const other = meterTab.hidden ? 'meter' : 'faults';
  showTab(other);
  at(`tab-${other}`).focus();
}

/** Show one view, where there is room for one only. */
function showView(key) {
  if (!key) return;
  if (key === 'meter' || key === 'faults') showTab(key);
  at('stage').dataset.view = PANEL_OF[key] ?? key;
  for (const button of tabbar) button.setAttribute('aria-pressed', String(button.dataset.view === key));
}

new Header(at('bar'), store, feed);
const slack = new Slack(at('slack'), store, feed);
const telegram = new Telegram(at('telegram'), store, feed);
new Meter(meterTab, store);
new Faults(faultsTab, store, feed);
new Timeline(at('timeline'), store);
new TourGuide(store, feed, { slack, telegram, showTab, showView });
store.watch(['meter'], () => {
  const open = store.get('meter')?.open;
  fill(tabbar[2].querySelector('span'), 'Meter', open === undefined ? null : h('b', {}, ` ${open}`));
});
showTab('meter');
showView('slack');
