// Faults to press, and the promise beside each, which turns green when it held.

import { fill, h, icon, sync } from './dom.js';
import { complain } from './toasts.js';

const WORDS = { idle: 'not tried yet', running: 'under way', kept: 'held', broken: 'did not hold' };
const SIGNS = { idle: 'ring', running: 'ring', kept: 'check', broken: 'cross' };

export class Faults {
  constructor(root, store, feed) {
    this.store = store;
    this.feed = feed;
    this.score = h('p', { className: 'f-score', role: 'status', 'aria-live': 'polite' });
    this.groups = h('div', { className: 'f-groups' });
    fill(root, this.score, this.groups);
    store.watch(['trial/'], () => this.render());
  }

  render() {
    const trials = this.store.all('trial/').map(([, trial]) => trial).sort((one, other) => one.number - other.number);
    const kept = trials.filter(({ state }) => state === 'kept').length;
    const broken = trials.filter(({ state }) => state === 'broken').length;
    fill(this.score, h('strong', {}, `${kept} of ${trials.length}`), ' promises seen to hold', broken ? h('b', { className: 'bad' }, `, ${broken} broken`) : null);
    const names = [...new Set(trials.map(({ group }) => group))];
    sync(this.groups, names.map((name) => [name, name]), (name) => h('section', { className: 'f-group', 'data-group': name }, h('h3', {}, name), h('div', { className: 'f-list' })));
    for (const section of this.groups.children) {
      const inside = trials.filter(({ group }) => group === section.dataset.group);
      sync(section.querySelector('.f-list'), inside.map((trial) => [trial.key, trial]), (trial) => this.#card(trial));
    }
    // What happens, and the facts at the end, are worth seeing: the card grows below its button.
    if (this.pressed && (kept !== this.keptBefore || trials.some(({ key, step }) => key === this.pressed && step))) {
      this.groups.querySelector(`[data-key="${this.pressed}"]`)?.scrollIntoView({ block: 'nearest' });
    }
    this.keptBefore = kept;
  }

  #card(trial) {
    return h(
      'article',
      { className: `f-card is-${trial.state}`, 'data-key': trial.key },
      h('button', { type: 'button', className: 'f-press', disabled: trial.state === 'running', on: { click: () => this.#ask('trial.press', trial) } }, icon('bolt'), trial.title),
      h('p', { className: 'faint' }, trial.about),
      h('p', { className: 'f-promise' }, h('span', { className: 'f-sign' }, icon(SIGNS[trial.state], WORDS[trial.state])), h('span', {}, trial.promise)),
      trial.step ? h('p', { className: 'f-step', role: 'status' }, trial.step) : null,
      trial.canSkip ? h('button', { type: 'button', className: 'f-skip', on: { click: () => this.#ask('trial.skip', trial) } }, 'Let the 30 s pass now') : null,
      trial.facts.length ? h('ul', { className: 'f-facts' }, trial.facts.map((fact) => h('li', {}, fact))) : null,
    );
  }

  #ask(what, { key }) {
    this.pressed = key;
    this.feed.ask(what, { key }).catch(complain);
  }
}
