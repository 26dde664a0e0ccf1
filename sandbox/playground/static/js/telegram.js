// The phone on the right: chats, a private chat, a group, the topics of a forum.

import { composer } from './composer.js';
import { avatar, fill, h, iconButton, sync } from './dom.js';
import { stickToEnd } from './scroll.js';
import { telegramDraft, telegramMessage } from './telegram_message.js';
import { complain, toast } from './toasts.js';

const MENTION = '@talkifai_bot';

export class Telegram {
  constructor(root, store, feed) {
    this.store = store;
    this.feed = feed;
    this.me = 'Bob';
    this.chat = null;
    this.topic = '';
    this.replyTo = null;
    this.editing = null;
    this.told = new Set();
    this.#build(root);
    store.watch(['telegram.', 'setup', '@telegram'], () => this.render());
  }

  #build(root) {
    this.person = h('select', { 'aria-label': 'Who you are in Telegram', on: { change: () => this.be(this.person.value) } });
    this.back = iconButton('back', 'All chats', () => this.#goBack());
    this.title = h('h2', {});
    this.subtitle = h('div', { className: 't-subtitle', role: 'status' });
    this.face = h('span', {});
    this.chats = h('ul', { className: 't-chats' });
    this.list = h('div', { className: 't-list', role: 'log', 'aria-label': 'Messages', tabindex: '0' });
    this.hint = h('div', { className: 't-hint' });
    this.composer = composer({ id: 'telegram-input', label: 'Message', send: (what) => this.#say(what), mention: MENTION, sendIcon: 'plane' });
    fill(
      root,
      h(
        'div',
        { className: 'phone' },
        h('div', { className: 't-head' }, this.back, this.face, h('div', { className: 'grow' }, this.title, this.subtitle), h('label', { className: 't-me' }, h('span', { className: 'hidden' }, 'You are'), this.person)),
        this.chats,
        this.list,
        this.hint,
        this.composer.element,
      ),
    );
    root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.chat) this.#goBack();
    });
  }

  /** Show what a tour asks for. */
  show({ as, chat, topic }) {
    this.me = as ?? this.me;
    this.chat = chat ?? this.chat;
    this.topic = topic ?? '';
    this.store.touch('@telegram');
  }

  be(name) {
    this.me = name;
    const here = this.#here();
    if (here?.kind === 'private') this.chat = this.#own();
    this.store.touch('@telegram');
  }

  open(chat, topic = '') {
    this.chat = chat;
    this.topic = topic;
    this.replyTo = null;
    this.composer.clear();
    this.render();
    if (!this.#isTopicList()) this.composer.field.focus();
  }

  render() {
    const people = Object.keys(this.store.get('telegram.people') ?? {});
    if (this.person.options.length !== people.length) {
      fill(this.person, people.map((name) => h('option', { value: name }, name)));
      this.chat ??= this.#own();
    }
    this.person.value = this.me;
    const here = this.#here();
    const isList = !here || this.#isTopicList();
    this.back.hidden = !here;
    this.chats.hidden = !isList;
    this.list.hidden = isList;
    this.composer.element.hidden = isList;
    this.hint.hidden = true;
    this.#renderHead(here);
    if (isList) this.#renderChats(here);
    else this.#renderMessages(here);
    this.#tellAnswers();
  }

  #renderHead(here) {
    const topic = here?.topics.find(({ id }) => id === this.topic);
    const name = !here ? 'Chats' : here.kind === 'private' ? 'TalkifAI' : (topic?.name ?? here.title);
    this.title.textContent = name;
    fill(this.face, here ? avatar(name, here.kind === 'private') : null);
    const isTyping = here && this.store.get(`telegram.typing/${here.id}/${this.topic === 'general' ? '' : this.topic}`);
    const about = !here ? '' : here.kind === 'private' ? 'bot' : topic ? here.title : here.kind === 'forum' ? 'forum' : 'group, 3 members and a bot';
    fill(this.subtitle, isTyping ? h('span', { className: 'typing' }, 'typing', h('span', { className: 'dots', 'aria-hidden': 'true' })) : about);
  }

  #renderChats(forum) {
    const rows = forum
      ? [{ id: 'general', name: 'General' }, ...forum.topics].map((topic) => [topic.id, topic.name, topic.name, () => this.open(forum.id, topic.id)])
      : (this.store.get('telegram.chats') ?? [])
          .filter(({ kind, of }) => kind !== 'private' || of === this.me)
          .map((chat) => [chat.id, chat.kind === 'private' ? 'TalkifAI' : chat.title, chat.kind, () => this.open(chat.id)]);
    fill(
      this.chats,
      rows.map(([id, name, kind, act]) =>
        h('li', {}, h('button', { type: 'button', on: { click: act } }, avatar(name, kind === 'private'), h('span', { className: 'grow' }, h('strong', {}, name), h('span', { className: 'faint' }, this.#lastWords(forum, id))))),
      ),
    );
  }

  #lastWords(forum, id) {
    const inside = this.#messages().filter((message) => (forum ? message.chat === forum.id && (message.topic || 'general') === id : message.chat === id));
    return inside.at(-1)?.text.replace(/\s+/g, ' ').slice(0, 60) ?? 'No messages yet';
  }

  #renderMessages(here) {
    const all = this.#messages();
    const topic = this.topic === 'general' ? '' : this.topic;
    const shown = all.filter((message) => message.chat === here.id && message.topic === topic);
    const drafts = this.store.all('telegram.draft/').filter(([, draft]) => draft.chat === here.id && draft.topic === topic);
    const isGroup = here.kind !== 'private';
    const quotedOf = (message) => (message.replyTo ? all.find(({ id }) => id === message.replyTo) : null);
    stickToEnd(this.list, () =>
      sync(this.list, [...shown.map((message) => [message.id, message]), ...drafts], (value, key) =>
        String(key).startsWith('telegram.draft')
          ? telegramDraft({ ...value, key }, this.#acts)
          : telegramMessage(value, { act: this.#acts, me: this.me, quoted: quotedOf(value), isGroup }),
      ),
    );
    this.composer.setLabel('Message', isGroup ? MENTION : '');
    const setup = this.store.get('setup');
    const prompts = setup?.agents.find(({ key }) => key === setup.agent)?.prompts ?? [];
    this.hint.hidden = shown.length > 0;
    if (!shown.length) fill(this.hint, prompts.map((words) => h('button', { type: 'button', className: 'suggestion', on: { click: () => this.#say({ text: isGroup ? `${MENTION} ${words}` : words, file: '' }).catch(complain) } }, words)));
  }

  #acts = {
    press: (message, data) => this.#press(message, data),
    react: ({ id }, emoji) => this.#ask('telegram.react', { id, emoji }),
    remove: ({ id }) => this.#ask('telegram.delete', { id }),
    stopDraft: ({ key }) => this.#ask('telegram.stopDraft', { chat: this.chat, draft: Number(key.split('/').at(-1)) }),
    reply: (message) => {
      this.replyTo = message.id;
      this.composer.say(`Reply to ${message.author}: ${message.text.slice(0, 50)}`, () => {
        this.replyTo = null;
      });
      this.composer.field.focus();
    },
    edit: (message) => {
      this.editing = message.id;
      this.composer.say('You are editing your message', () => {
        this.editing = null;
        this.composer.set('');
      });
      this.composer.set(message.text);
      this.composer.field.focus();
    },
  };

  async #press({ id }, data) {
    try {
      const { query } = await this.feed.ask('telegram.press', { as: this.me, id, data });
      this.told.add(query);
      this.#tellAnswers();
    } catch (error) {
      complain(error);
    }
  }

  /** Show what the bot answered to a press, once. */
  #tellAnswers() {
    for (const query of this.told) {
      const words = this.store.get(`telegram.toast/${query}`);
      if (words === undefined) continue;
      this.told.delete(query);
      if (words) toast(words);
    }
  }

  async #say({ text, file }) {
    if (this.editing) {
      const id = this.editing;
      this.editing = null;
      await this.feed.ask('telegram.edit', { as: this.me, id, text });
      return;
    }
    const topic = this.topic === 'general' ? '' : this.topic;
    await this.feed.ask('telegram.say', { as: this.me, chat: this.chat, topic, text, file, replyTo: this.replyTo });
  }

  #ask(what, fields) {
    this.feed.ask(what, { as: this.me, ...fields }).catch(complain);
  }

  #messages() {
    return this.store.all('telegram.message/').map(([, message]) => message).sort((one, other) => one.id - other.id);
  }

  #here() {
    return (this.store.get('telegram.chats') ?? []).find(({ id }) => id === this.chat);
  }

  #own() {
    return (this.store.get('telegram.chats') ?? []).find(({ of }) => of === this.me)?.id ?? null;
  }

  #isTopicList() {
    return this.#here()?.kind === 'forum' && !this.topic;
  }

  #goBack() {
    if (this.topic) this.open(this.chat, '');
    else {
      this.chat = null;
      this.render();
      this.chats.querySelector('button')?.focus();
    }
  }
}
