// What the person who pays sees: every conversation, its clock, its idle countdown, its cost, and why it ended.

import { fill, h, icon, sync } from './dom.js';

const REASONS = { idle: 'fell silent', agent: 'the agent ended it', user: 'ended by a person', new: 'began anew', expired: 'expired by itself', lost: 'was lost' };

const ENDING_S = 4; // after that, a turn that is being recovered keeps the session

export class Meter {
  constructor(root, store) {
    this.store = store;
    this.big = h('div', { className: 'm-open', role: 'status', 'aria-live': 'polite' });
    this.totals = h('dl', { className: 'm-totals' });
    this.list = h('div', { className: 'm-list' });
    this.empty = h('p', { className: 'faint m-empty' }, 'Ask something on either side: each thread becomes one conversation, and the clock starts.');
    fill(root, this.big, this.totals, this.empty, this.list);
    store.watch(['meter', 'session/', 'slack.places', 'telegram.chats', 'setup'], () => this.render());
    setInterval(() => this.tick(), 200);
  }

  render() {
    const meter = this.store.get('meter');
    if (!meter) return;
    const isClosed = meter.open === 0;
    this.big.className = `m-open ${isClosed ? 'closed' : ''}`;
    fill(this.big, h('span', {}, 'open:'), ' ', h('strong', { id: 'open-count' }, meter.open), isClosed && meter.opened ? h('em', {}, icon('check'), 'nothing costs money') : null);
    const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
    fill(this.totals, fact('opened', meter.opened), fact('ended', meter.ended), fact('tokens', meter.tokens.toLocaleString('en')), fact('cost, about', `$${meter.cost.toFixed(3)}`));
    const sessions = this.store.all('session/').sort(([, one], [, other]) => (one.endedAt === null) - (other.endedAt === null) || one.openedAt - other.openedAt).reverse();
    this.empty.hidden = sessions.length > 0;
    sync(this.list, sessions, (session, _, before) => this.#row(session, before));
    this.tick();
  }

  #row(session, before) {
    const isOpen = session.endedAt === null;
    const earlier = this.#carried(session);
    const countdown = session.answering ? h('span', { className: 'm-idle' }, 'answering', h('span', { className: 'dots', 'aria-hidden': 'true' })) : h('span', { className: 'm-idle', 'data-idle': session.idleAt || null }, h('i', {}), h('b', {}));
    return h(
      'details',
      { className: `m-session ${isOpen ? 'is-open' : ''}`, open: before?.open, 'data-id': session.id },
      h(
        'summary',
        {},
        h('span', { className: `m-dot ${session.answering ? 'busy' : ''}`, 'aria-hidden': 'true' }),
        h('span', { className: 'm-where' }, h('strong', {}, placeName(this.store, session)), h('span', { className: 'faint' }, session.who)),
        h('span', { className: 'm-clock', 'data-opened': session.openedAt, 'data-ended': session.endedAt }),
        isOpen ? countdown : h('span', { className: 'm-reason' }, REASONS[session.reason] ?? session.reason ?? ''),
        h('span', { className: 'm-tokens' }, `${session.tokens.toLocaleString('en')} tokens`),
        h('span', { className: 'm-cost' }, `$${session.cost.toFixed(3)}`),
        earlier ? h('span', { className: 'chip', title: 'The agent was given what was said before' }, 'carried over') : null,
        session.worker ? h('span', { className: 'chip worker' }, session.worker) : null,
      ),
      h('div', { className: 'm-posted' }, h('p', { className: 'faint' }, `What the agent was asked, in ${session.questions === 1 ? '1 question' : `${session.questions} questions`}:`), session.posted.map((text) => h('pre', { dir: 'auto' }, text))),
    );
  }

  /** A session that goes on with what was said in an earlier one of its thread says so in its first question. */
  #carried(session) {
    const first = session.posted[0] ?? '';
    const before = this.store.all('session/').map(([, other]) => other).filter(({ thread, openedAt }) => thread === session.thread && openedAt < session.openedAt);
    return before.some(({ posted }) => posted.some((question) => first.length > question.length && first.includes(question.slice(0, 60))));
  }

  /** Let the clocks run. */
  tick() {
    const { now } = this.store;
    const idleAfter = this.store.get('setup')?.idleAfter ?? 1;
    for (const clock of this.list.querySelectorAll('.m-clock')) {
      const until = clock.dataset.ended ? Number(clock.dataset.ended) : now;
      clock.textContent = spoken(until - Number(clock.dataset.opened));
    }
    for (const idle of this.list.querySelectorAll('.m-idle[data-idle]')) {
      const left = Number(idle.dataset.idle) - now;
      idle.style.setProperty('--left', `${Math.min(100, Math.max(0, left / idleAfter) * 100)}%`);
      idle.querySelector('b').textContent = left > 0 ? `ends in ${Math.ceil(left)} s` : left > -ENDING_S ? 'ending…' : 'in use';
    }
  }
}

/** The name of the place that a session was opened from. */
export function placeName(store, { service, place }) {
  if (service === 'slack') {
    const found = (store.get('slack.places') ?? []).find(({ id }) => id === place);
    return found?.kind === 'channel' ? `#${found.name}` : 'Slack, direct';
  }
  const chat = (store.get('telegram.chats') ?? []).find(({ id }) => id === place);
  return chat?.title || (chat ? `${chat.of} on Telegram` : service);
}

function spoken(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
