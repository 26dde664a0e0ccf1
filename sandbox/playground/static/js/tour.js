// Follows the tour that the server plays: a caption, where to look, what is being typed.

import { fill, h, iconButton } from './dom.js';
import { complain } from './toasts.js';

const PANELS = ['slack', 'telegram', 'backstage', 'timeline', 'bar'];
const FOCUS = { slack: 'slack', telegram: 'telegram', meter: 'backstage', workers: 'bar' };

export class TourGuide {
  constructor(store, feed, { slack, telegram, showTab, showView }) {
    this.store = store;
    this.parts = { slack, telegram, showTab, showView };
    this.caption = document.getElementById('caption');
    this.words = h('span', { className: 'grow' });
    fill(this.caption, this.words, iconButton('close', 'Stop the tour', () => feed.ask('tour.stop').catch(complain)));
    this.seen = {};
    store.watch(['tour'], () => this.render());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.store.get('tour')?.on) feed.ask('tour.stop').catch(complain);
    });
  }

  render() {
    const tour = this.store.get('tour') ?? { on: false };
    document.body.classList.toggle('touring', tour.on);
    this.caption.hidden = !tour.on;
    if (!tour.on) {
      this.#light('');
      this.#unTyped();
      this.seen = {};
      return;
    }
    if (this.words.textContent !== tour.caption) this.words.textContent = tour.caption;
    this.#light(FOCUS[tour.focus] ?? '');
    if (this.#isNew('focus', tour.focus)) {
      if (tour.focus === 'meter') this.parts.showTab('meter');
      this.parts.showView(tour.focus);
    }
    if (tour.slack && this.#isNew('slack', tour.slack)) this.parts.slack.show(tour.slack);
    if (tour.telegram && this.#isNew('telegram', tour.telegram)) this.parts.telegram.show(tour.telegram);
    this.#type(tour);
  }

  #isNew(name, value) {
    const text = JSON.stringify(value);
    const isNew = this.seen[name] !== text;
    this.seen[name] = text;
    return isNew;
  }

  #type({ typing, slack }) {
    if (!typing) {
      this.#unTyped();
      return;
    }
    this.typed = typing.where === 'telegram' ? this.parts.telegram.composer : slack?.thread ? this.parts.slack.reply : this.parts.slack.main;
    this.typed.set(typing.text);
  }

  #unTyped() {
    this.typed?.set('');
    this.typed = null;
  }

  #light(lit) {
    for (const id of PANELS) document.getElementById(id).classList.toggle('lit', id === lit);
  }
}
