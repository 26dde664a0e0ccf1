// Every call of the bridge to a service in the last minute, 429s marked, and how fresh each live reply is.

import { fill, h } from './dom.js';
import { placeName } from './meter.js';

const LANES = [
  ['slack', 'Slack'],
  ['telegram', 'Telegram'],
  ['talkifai', 'TalkifAI'],
];
const SHOWN_S = 60;
const LISTED = 40;
const LABEL_PX = 84;
const REDRAWN_EVERY_MS = 50; // in which a mark moves by a pixel at most
const REDRAWN_CALMLY_EVERY_MS = 1000;

export class Timeline {
  constructor(root, store) {
    this.store = store;
    this.canvas = h('canvas', { className: 'l-canvas', role: 'img', on: { mousemove: (event) => this.#point(event), mouseleave: () => this.#hide() } });
    this.hint = h('div', { className: 'l-hint', hidden: true });
    this.counts = h('span', { className: 'l-counts' });
    this.fresh = h('span', { className: 'l-fresh' });
    this.table = h('ol', { className: 'l-table' });
    this.details = h('details', { className: 'l-list', on: { toggle: () => this.#list() } }, h('summary', {}, 'As a list'), this.table);
    fill(root, h('div', { className: 'l-head' }, h('h2', {}, 'Calls to the services'), this.counts, h('span', { className: 'grow' }), this.fresh, this.details), h('div', { className: 'l-body' }, this.canvas, this.hint));
    store.watch(['@calls', 'calls'], () => this.#count());
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    const loop = () => {
      this.#draw();
      setTimeout(() => requestAnimationFrame(loop), calm.matches ? REDRAWN_CALMLY_EVERY_MS : REDRAWN_EVERY_MS);
    };
    loop();
    setInterval(() => this.#freshness(), 500);
  }

  #count() {
    const calls = this.store.get('calls');
    if (!calls) return;
    const limited = Object.values(calls.limited).reduce((sum, one) => sum + one, 0);
    const all = Object.values(calls.counts).reduce((sum, one) => sum + one, 0);
    fill(this.counts, `${all.toLocaleString('en')} calls`, limited ? h('b', { className: 'warn' }, ` · ${limited} × 429`) : ' · no 429');
    const words = LANES.map(([lane, name]) => `${name} ${calls.counts[lane]}, of them ${calls.limited[lane]} over the limit`).join('; ');
    this.canvas.setAttribute('aria-label', `Calls so far: ${words}`);
    this.#list();
  }

  #list() {
    if (!this.details.open) return;
    const rows = this.store.calls.slice(-LISTED).reverse();
    fill(this.table, rows.map((call) => h('li', { className: `is-${call.outcome}` }, h('time', {}, new Date(call.at * 1000).toLocaleTimeString([])), h('span', {}, call.lane), h('code', {}, call.method), h('span', {}, call.outcome === 'limited' ? '429' : call.detail))));
  }

  /** How long ago each reply that still grows was shown last. */
  #freshness() {
    const live = this.store.all('session/').map(([, session]) => session).filter(({ answering }) => answering);
    const chips = live.slice(0, 4).map((session) => {
      const shown = this.#newest(session);
      const age = shown ? Math.max(0, this.store.now - shown) : null;
      return h('span', { className: `chip ${age !== null && age > 3 ? 'old' : ''}` }, `${placeName(this.store, session)}: ${age === null ? 'no text yet' : `${age.toFixed(1)} s old`}`);
    });
    fill(this.fresh, chips);
  }

  #newest({ service, place, openedAt }) {
    const kinds = service === 'slack' ? ['slack.message/'] : ['telegram.message/', 'telegram.draft/'];
    const ours = kinds.flatMap((kind) => this.store.all(kind)).map(([, message]) => message).filter((message) => message.bot && (message.place ?? message.chat) === place && message.changed >= openedAt);
    return ours.length ? Math.max(...ours.map(({ changed }) => changed)) : null;
  }

  #draw() {
    const { canvas } = this;
    const { width, height } = canvas.getBoundingClientRect();
    if (!width || !height) return;
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const paint = canvas.getContext('2d');
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    paint.setTransform(scale, 0, 0, scale, 0, 0);
    paint.clearRect(0, 0, width, height);
    paint.font = `500 11px ${style.fontFamily}`;
    paint.textBaseline = 'middle';
    const lane = height / LANES.length;
    this.marks = [];
    LANES.forEach(([, name], index) => {
      const y = lane * (index + 0.5);
      paint.fillStyle = colour('--muted');
      paint.fillText(name, 2, y);
      paint.fillStyle = colour('--line');
      paint.fillRect(LABEL_PX, y - 0.5, width - LABEL_PX, 1);
    });
    for (const call of this.store.calls) {
      const age = this.store.now - call.at;
      if (age > SHOWN_S) continue;
      const x = width - (age / SHOWN_S) * (width - LABEL_PX) - 4;
      const y = lane * (LANES.findIndex(([name]) => name === call.lane) + 0.5);
      this.#mark(paint, colour, call, x, y);
      this.marks.push({ call, x, y });
    }
  }

  #mark(paint, colour, call, x, y) {
    const isGood = call.outcome === 'ok';
    paint.fillStyle = colour(isGood ? `--lane-${call.lane}` : call.outcome === 'limited' ? '--warn' : '--bad');
    paint.beginPath();
    if (isGood) paint.arc(x, y, isBig(call) ? 4.5 : 3, 0, 2 * Math.PI);
    else paint.roundRect(x - 4, y - 9, 8, 18, 2);
    paint.fill();
  }

  #point({ offsetX, offsetY }) {
    const near = (this.marks ?? []).filter(({ x, y }) => Math.abs(x - offsetX) < 7 && Math.abs(y - offsetY) < 14).at(-1);
    this.hint.hidden = !near;
    if (!near) return;
    this.hint.textContent = `${near.call.method} · ${near.call.outcome === 'limited' ? '429, come back later' : near.call.detail}`;
    this.hint.style.setProperty('left', `${Math.max(LABEL_PX, Math.min(near.x, this.canvas.clientWidth - 120))}px`);
    this.hint.style.setProperty('top', `${near.y}px`);
  }

  #hide() {
    this.hint.hidden = true;
  }
}

function isBig({ method }) {
  return ['ask', 'open', 'end', 'chat.postMessage', 'sendMessage'].includes(method);
}
