// One message of Slack, drawn from its blocks or its text.

import { avatar, h, icon, iconButton } from './dom.js';
import { markdown } from './markdown.js';
import { menu } from './menu.js';
import { mrkdwn } from './mrkdwn.js';

export const EMOJI = { eyes: '👀', '+1': '👍', '-1': '👎', heart: '❤️', tada: '🎉', white_check_mark: '✅' };
const QUICK = ['👍', '❤️', '🎉'];

/** Draw a message. `act` are the things that can be done, `names` people by id, `me` the visitor's id. */
export function slackMessage(message, { act, names, me, replies }) {
  const name = names[message.user] ?? message.user;
  const seconds = Number(message.ts);
  const isMine = message.user === me;
  return h(
    'article',
    { className: `s-message ${message.bot ? 'is-bot' : ''}`, 'data-ts': message.ts, 'aria-label': `${name} writes` },
    avatar(name, message.bot),
    h(
      'div',
      { className: 's-body' },
      h(
        'header',
        {},
        h('strong', {}, name),
        message.bot ? h('span', { className: 'badge' }, 'app') : null,
        h('time', {}, clock(seconds)),
        message.edited ? h('span', { className: 'faint' }, '(edited)') : null,
        message.bot && message.edits > 1 ? h('span', { className: 'faint grown', title: 'Calls that changed this message' }, `grown in ${message.edits} steps`) : null,
        message.live ? h('span', { className: 'live-dot', title: 'A stream of Slack is open' }, 'live') : null,
      ),
      h('div', { className: 's-text rich' }, content(message, names, act)),
      message.file ? h('span', { className: 'file' }, icon('file'), message.file) : null,
      reactions(message),
      replies ? threadLink(replies, act) : null,
    ),
    h('div', { className: 's-actions' }, quick(message, act), isMine ? own(message, act) : null),
  );
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

function content(message, names, act) {
  if (!message.blocks.length) return mrkdwn(message.text, names);
  return message.blocks.map((block) => drawBlock(block, names, (value) => act.press(message, value)));
}

/** Draw one block of Block Kit, as far as the bridge uses it. */
export function drawBlock(block, names, press) {
  if (block.type === 'markdown') return markdown(block.text);
  if (block.type === 'header') return h('h3', {}, block.text.text);
  if (block.type === 'section') return section(block, names, press);
  if (block.type === 'context') return h('div', { className: 's-context' }, ...block.elements.map((one) => one.text));
  if (block.type === 'context_actions') return h('div', { className: 's-buttons' }, block.elements.map((one) => rating(one, press)));
  if (block.type === 'actions') return h('div', { className: 's-buttons' }, block.elements.map((one) => element(one, press)));
  return null;
}

function section(block, names, press) {
  const words = block.text.type === 'mrkdwn' ? mrkdwn(block.text.text, names) : block.text.text;
  return h('div', { className: 's-section' }, h('div', { className: 'grow' }, words), block.accessory ? element(block.accessory, press) : null);
}

function element(one, press) {
  if (one.type === 'overflow') {
    return menu(icon('more'), 'More', one.options.map((option) => [option.text.text, () => press(option.value, one)]));
  }
  const isStop = one.action_id?.endsWith('stop');
  return h('button', { type: 'button', className: 's-button', on: { click: () => press(one.value, one) } }, isStop ? icon('stop') : null, one.text.text);
}

function rating(one, press) {
  return ['positive_button', 'negative_button'].map((name, index) =>
    h('button', { type: 'button', className: 's-button round', 'aria-label': one[name].text.text, title: one[name].text.text, on: { click: () => press(one[name].value, one) } }, index ? '👎' : '👍'),
  );
}

function reactions(message) {
  if (!message.reactions.length) return null;
  const by = new Map();
  for (const [emoji, who] of message.reactions) {
    const sign = EMOJI[emoji] ?? emoji;
    by.set(sign, [...(by.get(sign) ?? []), who]);
  }
  return h('div', { className: 'reactions' }, [...by].map(([sign, who]) => h('span', { className: 'reaction', title: who.join(', ') }, `${sign} ${who.length}`)));
}

function quick(message, act) {
  return menu(icon('smile'), 'React', QUICK.map((emoji) => [emoji, () => act.react(message, emoji)]), 'emoji');
}

function own(message, act) {
  return [iconButton('edit', 'Edit', () => act.edit(message)), iconButton('trash', 'Delete', () => act.remove(message))];
}

function threadLink(replies, act) {
  const last = replies.at(-1);
  const words = replies.length === 1 ? '1 reply' : `${replies.length} replies`;
  return h('button', { type: 'button', className: 'thread-link', on: { click: () => act.openThread(replies.root) } }, icon('thread'), h('strong', {}, words), h('span', { className: 'faint' }, `last at ${clock(Number(last.ts))}`));
}
