// The bar on top: who answers, how replies are shown, what runs, the tour, dark and light.

import { fill, h, icon, iconButton } from './dom.js';
import { complain } from './toasts.js';

const STREAMING = { edit: 'edits', status: 'status, then whole', native: 'native streams' };
const KEY = 'talkifai-playground-theme';

export class Header {
  constructor(root, store, feed) {
    this.store = store;
    this.feed = feed;
    this.agent = h('select', { id: 'agent', 'aria-label': 'Who answers', on: { change: () => this.#choose('agent', this.agent.value) } });
    this.about = h('span', { className: 'b-about faint' });
    this.modes = h('div', { className: 'b-modes' });
    this.settings = h('details', { className: 'menu b-settings' }, h('summary', { 'aria-label': 'How replies are shown', title: 'How replies are shown' }, icon('sliders')), h('div', { className: 'menu-list wide' }, this.modes));
    this.machines = h('div', { className: 'b-machines', id: 'machines', role: 'status' });
    this.tour = h('button', { type: 'button', className: 'b-tour', on: { click: () => this.#tour() } });
    this.theme = iconButton('moon', 'Dark or light', () => this.#switchTheme());
    fill(
      root,
      h('h1', { className: 'b-brand' }, h('span', { className: 'b-logo' }, icon('bridge')), h('span', {}, 'TalkifAI bridge'), h('em', {}, 'playground')),
      h('label', { className: 'b-agent' }, h('span', {}, 'Agent'), this.agent),
      this.about,
      this.machines,
      this.settings,
      this.tour,
      this.theme,
    );
    this.#applyTheme(localStorage.getItem(KEY));
    store.watch(['setup', 'workers', 'redis', 'tour'], () => this.render());
  }

  render() {
    const setup = this.store.get('setup');
    if (!setup) return;
    if (this.agent.options.length !== setup.agents.length) fill(this.agent, setup.agents.map(({ key, title }) => h('option', { value: key }, title)));
    this.agent.value = setup.agent;
    this.about.textContent = setup.agents.find(({ key }) => key === setup.agent)?.about ?? '';
    this.#renderModes(setup);
    const workers = this.store.get('workers') ?? [];
    const redis = this.store.get('redis') ?? 'up';
    const lamp = (name, state, words, more = null) => h('span', { className: `lamp is-${state}`, title: `${name}: ${words}` }, h('i', { 'aria-hidden': 'true' }), h('span', {}, name), state === 'ready' || state === 'up' ? null : h('em', {}, words), more);
    const remove = workers.length > 1 ? iconButton('close', 'Stop the second worker', () => this.feed.ask('worker.remove').catch(complain)) : null;
    fill(this.machines, workers.map(({ name, state, kills }, index) => lamp(name, state, kills && state !== 'ready' ? `${state}, killed` : state, index ? remove : null)), lamp('Redis', redis, redis));
    const isOn = this.store.get('tour')?.on;
    fill(this.tour, icon(isOn ? 'stop' : 'play'), isOn ? 'Stop the tour' : 'Take the tour');
  }

  #renderModes(setup) {
    if (this.modes.contains(document.activeElement)) return;
    const choice = (what, words) =>
      h('label', {}, h('span', {}, words), h('select', { on: { change: ({ target }) => this.#choose(what, target.value) } }, setup.streaming.map((mode) => h('option', { value: mode, selected: setup[what] === mode }, STREAMING[mode]))));
    fill(
      this.modes,
      choice('slack', 'Slack shows a reply by'),
      choice('telegram', 'Telegram shows a reply by'),
      h('label', { className: 'check' }, h('input', { type: 'checkbox', checked: setup.agentView, on: { change: ({ target }) => this.#choose('agent_view', target.checked) } }), h('span', {}, "Slack's view for agents")),
      h('p', { className: 'faint' }, 'A change restarts the workers.'),
    );
  }

  #choose(what, value) {
    this.feed.ask('choose', { what, value }).catch((error) => {
      complain(error);
      this.render();
    });
  }

  #tour() {
    this.feed.ask(this.store.get('tour')?.on ? 'tour.stop' : 'tour.start').catch(complain);
  }

  #switchTheme() {
    const isDark = getComputedStyle(document.documentElement).getPropertyValue('--is-dark').trim() === '1';
    const theme = isDark ? 'light' : 'dark';
    localStorage.setItem(KEY, theme);
    this.#applyTheme(theme);
  }

  #applyTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
  }
}
