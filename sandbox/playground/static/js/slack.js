// The workspace on the left: channels, threads, direct messages, the Home tab.

import { composer } from './composer.js';
import { fill, h, icon, iconButton, sync } from './dom.js';
import { homeTab } from './slack_home.js';
import { slackMessage } from './slack_message.js';
import { stickToEnd } from './scroll.js';
import { complain } from './toasts.js';

const MENTION = '@TalkifAI';

export class Slack {
  /** @param root the panel @param store what the server told @param feed takes wishes */
  constructor(root, store, feed) {
    this.store = store;
    this.feed = feed;
    this.me = 'U0ADA';
    this.place = 'C0SUPPORT';
    this.thread = '';
    this.tab = 'messages';
    this.#build(root);
    store.watch(['slack.', 'setup', '@slack'], () => this.render());
  }

  #build(root) {
    this.person = h('select', { 'aria-label': 'Who you are in Slack', on: { change: () => this.be(this.person.value) } });
    this.channels = h('ul', { className: 's-places' });
    this.title = h('h2', {});
    this.tabs = h('div', { className: 's-tabs', role: 'tablist', 'aria-label': 'The app' });
    this.list = h('div', { className: 's-list', role: 'log', 'aria-label': 'Messages', tabindex: '0' });
    this.home = h('div', { className: 's-home', hidden: true });
    this.hint = h('div', { className: 's-hint' });
    this.main = composer({ id: 'slack-input', label: 'Message', send: (what) => this.#say(what, '') , mention: MENTION });
    this.threadList = h('div', { className: 's-list', role: 'log', 'aria-label': 'Thread', tabindex: '0' });
    this.threadTitle = h('span', { className: 'faint grow' });
    this.stop = h('button', { type: 'button', className: 's-button', on: { click: () => this.#ask('slack.stop', { place: this.place, thread: this.thread }) } }, icon('stop'), 'Stop');
    this.reply = composer({ id: 'slack-thread-input', label: 'Reply', send: (what) => this.#say(what, this.thread) });
    this.status = h('div', { className: 's-status', role: 'status' });
    this.threadStatus = h('div', { className: 's-status', role: 'status' });
    this.pane = h(
      'aside',
      { className: 's-thread', 'aria-label': 'Thread', hidden: true },
      h('div', { className: 's-head' }, h('h2', {}, 'Thread'), this.threadTitle, this.stop, iconButton('close', 'Close the thread', () => this.openThread(''))),
      this.threadList,
      this.threadStatus,
      this.reply.element,
    );
    fill(
      root,
      h(
        'nav',
        { className: 's-side', 'aria-label': 'Slack places' },
        h('div', { className: 's-team' }, h('strong', {}, 'Sandbox'), h('label', { className: 's-me' }, h('span', {}, 'You are'), this.person)),
        this.channels,
      ),
      h('div', { className: 's-main' }, h('div', { className: 's-head' }, this.title, this.tabs), this.list, this.home, this.status, this.hint, this.main.element),
      this.pane,
    );
    root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.thread) this.openThread('');
    });
  }

  /** Show what a tour or a link asks for. */
  show({ as, place, thread }) {
    this.me = as ?? this.me;
    this.place = place ?? this.place;
    this.thread = thread ?? this.thread;
    this.tab = 'messages';
    this.store.touch('@slack');
  }

  be(user) {
    this.me = user;
    if (this.place.startsWith('D')) this.open(this.#dm());
    this.store.touch('@slack');
  }

  open(place) {
    this.place = place;
    this.thread = '';
    this.tab = 'messages';
    if (place.startsWith('D')) this.#ask('slack.messages');
    this.render();
    this.main.field.focus();
  }

  openThread(ts) {
    this.thread = ts;
    this.render();
    (ts ? this.reply : this.main).field.focus();
  }

  render() {
    const { store } = this;
    const names = store.get('slack.people') ?? {};
    const places = store.get('slack.places') ?? [];
    const here = places.find(({ id }) => id === this.place);
    const isDm = here?.kind === 'im';
    const all = store.all('slack.message/').map(([, message]) => message).sort((one, other) => (one.ts < other.ts ? -1 : 1));
    this.#renderSide(places, names, all);
    fill(this.title, isDm ? null : icon('hash'), here?.name ?? '');
    this.#renderTabs(isDm);
    const isHome = isDm && this.tab === 'home';
    this.list.hidden = isHome;
    this.main.element.hidden = isHome;
    this.home.hidden = !isHome;
    if (isHome) homeTab(this.home, store.get(`slack.home/${this.me}`), names, (value, one) => this.#ask('slack.click', { action: one.action_id, value }));
    this.#renderMessages(all, names);
    this.#renderThread(all, names);
    this.main.setLabel(isDm ? 'Message TalkifAI' : `Message #${here?.name ?? ''}`, isDm ? '' : MENTION);
  }

  #renderSide(places, names, all) {
    const bot = Object.keys(names).find((id) => names[id] === 'TalkifAI');
    const people = Object.entries(names).filter(([id]) => id !== bot);
    if (this.person.options.length !== people.length) fill(this.person, people.map(([id, name]) => h('option', { value: id }, name)));
    this.person.value = this.me;
    const shown = places.filter(({ kind, of }) => kind === 'channel' || of === this.me);
    const rows = shown.map((place) => [place.id, `${place.id}|${place.id === this.place}|${all.filter((message) => message.place === place.id).length}`]);
    sync(this.channels, rows, (_, id) => this.#placeRow(shown.find((place) => place.id === id), all));
  }

  #placeRow(place, all) {
    const isHere = place.id === this.place;
    const count = all.filter((message) => message.place === place.id && message.bot).length;
    return h(
      'li',
      { className: place.kind },
      h(
        'button',
        { type: 'button', 'aria-current': isHere ? 'page' : null, on: { click: () => this.open(place.id) } },
        icon(place.kind === 'im' ? 'bridge' : 'hash'),
        h('span', { className: 'grow' }, place.name),
        count && !isHere ? h('span', { className: 'count' }, count) : null,
      ),
    );
  }

  #renderTabs(isDm) {
    const entry = (key, words) =>
      h('button', { type: 'button', role: 'tab', 'aria-selected': String(this.tab === key), on: { click: () => this.#openTab(key) } }, words);
    fill(this.tabs, isDm ? [entry('messages', 'Messages'), entry('home', 'Home')] : null);
  }

  #openTab(key) {
    this.tab = key;
    if (key === 'home') this.#ask('slack.home');
    this.store.touch('@slack');
  }

  #renderMessages(all, names) {
    const here = all.filter((message) => message.place === this.place);
    const roots = here.filter((message) => !message.thread);
    const rows = roots.map((message) => {
      const replies = here.filter((one) => one.thread === message.ts);
      replies.root = message.ts;
      return [message.ts, message, replies];
    });
    this.#draw(this.list, rows, names);
    fill(this.status, this.#statusOf(''));
    const prompts = this.store.get(`slack.prompts/${this.place}`) ?? [];
    const setup = this.store.get('setup');
    const suggested = prompts.length ? prompts : (setup?.agents.find(({ key }) => key === setup.agent)?.prompts ?? []);
    const isEmpty = !roots.length;
    this.hint.hidden = !isEmpty || this.tab === 'home';
    if (isEmpty) fill(this.hint, h('p', {}, this.place.startsWith('C') ? 'Mention the bot to ask something:' : 'Ask something:'), suggested.map((words) => this.#suggestion(words)));
  }

  #suggestion(words) {
    const text = this.place.startsWith('C') ? `${MENTION} ${words}` : words;
    return h('button', { type: 'button', className: 'suggestion', on: { click: () => this.#say({ text, file: '' }, '').catch(complain) } }, words);
  }

  #renderThread(all, names) {
    this.pane.hidden = !this.thread;
    if (!this.thread) return;
    const here = all.filter((message) => message.place === this.place && (message.ts === this.thread || message.thread === this.thread));
    this.#draw(this.threadList, here.map((message) => [message.ts, message, null]), names);
    fill(this.threadStatus, this.#statusOf(this.thread));
    // In the view for agents Slack itself offers to stop, as long as the app says that it is at work.
    this.stop.hidden = this.store.get(`slack.state/${this.place}/${this.thread}`) !== 'processing';
    const place = (this.store.get('slack.places') ?? []).find(({ id }) => id === this.place);
    this.threadTitle.textContent = this.store.get(`slack.title/${this.place}/${this.thread}`) ?? (place?.kind === 'channel' ? `#${place.name}` : place?.name);
  }

  #draw(list, rows, names) {
    const alone = list === this.list ? '' : this.thread;
    const only = this.store.all('slack.alone/').filter(([, { place, user, thread }]) => place === this.place && user === this.me && thread === alone);
    stickToEnd(list, () =>
      sync(list, [
        ...rows.map(([ts, message, replies]) => [ts, replies?.length ? `${JSON.stringify(message)}${replies.length}` : message]),
        ...only.map(([key, value]) => [key, value]),
      ], (value, key) => this.#row(key, value, rows, names)),
    );
  }

  #row(key, value, rows, names) {
    const found = rows.find(([ts]) => ts === key);
    if (!found) return h('div', { className: 's-alone' }, h('span', { className: 'faint' }, 'Only visible to you'), value.text);
    const [, message, replies] = found;
    return slackMessage(message, { act: this.#acts, names, me: this.me, replies: replies?.length ? replies : null });
  }

  #statusOf(thread) {
    const status = this.store.get(`slack.status/${this.place}/${thread}`);
    return status ? [h('span', { className: 'dots', 'aria-hidden': 'true' }), `TalkifAI ${status.text}`] : null;
  }

  #acts = {
    press: ({ place, ts }, value) => this.#ask('slack.press', { place, ts, value }),
    react: ({ ts }, emoji) => this.#ask('slack.react', { ts, emoji }),
    remove: ({ place, ts }) => this.#ask('slack.delete', { place, ts }),
    openThread: (ts) => this.openThread(ts),
    edit: (message) => this.#edit(message),
  };

  #edit(message) {
    const names = this.store.get('slack.people') ?? {};
    const field = message.thread ? this.reply : this.main;
    const text = message.text.replace(/<@(\w+)>/g, (_, id) => `@${names[id] ?? id}`).replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    this.editing = message;
    field.say('You are editing your message', () => {
      this.editing = null;
      field.set('');
    });
    field.set(text);
    field.field.focus();
  }

  async #say({ text, file }, thread) {
    if (this.editing) {
      const { place, ts } = this.editing;
      this.editing = null;
      await this.feed.ask('slack.edit', { as: this.me, place, ts, text });
      return;
    }
    const { ts } = await this.feed.ask('slack.say', { as: this.me, place: this.place, text, thread, file });
    const isAsked = this.place.startsWith('C') && text.includes(MENTION);
    if (ts && !thread && (isAsked || this.store.get('setup')?.agentView)) this.openThread(ts);
  }

  #ask(what, fields = {}) {
    this.feed.ask(what, { as: this.me, ...fields }).catch(complain);
  }

  #dm() {
    return (this.store.get('slack.places') ?? []).find(({ of }) => of === this.me)?.id ?? this.place;
  }
}
