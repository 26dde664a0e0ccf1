// One bubble of Telegram, drawn from its text and entities.

import { h, icon, iconButton } from './dom.js';
import { withEntities } from './entities.js';
import { menu } from './menu.js';

const QUICK = ['👍', '❤️', '🔥'];

/** Draw a message. `me` is the visitor's name; `quoted` the message that it answers. */
export function telegramMessage(message, { act, me, quoted, isGroup }) {
  const isMine = message.author === me;
  return h(
    'article',
    { className: `t-message ${isMine ? 'mine' : ''} ${message.bot ? 'is-bot' : ''}`, 'data-id': message.id, 'aria-label': `${message.author} writes` },
    h(
      'div',
      { className: 'bubble' },
      isGroup && !isMine ? h('strong', { className: 't-author' }, message.author) : null,
      quoted ? h('div', { className: 't-quote' }, h('strong', {}, quoted.author), h('span', {}, quoted.text.slice(0, 80) || '…')) : null,
      message.file ? h('span', { className: 'file' }, icon('file'), message.file) : null,
      h('div', { className: 't-text rich', dir: 'auto' }, withEntities(message.text, message.entities)),
      h(
        'div',
        { className: 't-meta' },
        message.edits > 1 && message.bot ? h('span', { title: 'Calls that changed this message' }, `${message.edits} edits`) : null,
        message.edited ? h('span', {}, 'edited') : null,
        h('time', {}, new Date(message.at * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })),
      ),
      message.reactions.length ? h('div', { className: 'reactions' }, message.reactions.map(([emoji, who]) => h('span', { className: 'reaction', title: who }, emoji))) : null,
    ),
    h('div', { className: 't-actions' }, actions(message, isMine, act)),
    message.keyboard.map((row) => h('div', { className: 't-keyboard' }, row.map((button) => key(message, button, act)))),
  );
}

/** A draft: what the bot shows while it still writes. */
export function telegramDraft(draft, act) {
  return h(
    'article',
    { className: 't-message is-bot draft', 'aria-label': 'TalkifAI is writing' },
    h(
      'div',
      { className: 'bubble' },
      h('div', { className: 't-text rich', dir: 'auto' }, withEntities(draft.text, draft.entities)),
      h('div', { className: 't-meta' }, h('span', {}, 'draft'), h('span', { className: 'dots', 'aria-hidden': 'true' })),
    ),
    h('div', { className: 't-keyboard' }, h('button', { type: 'button', on: { click: () => act.stopDraft(draft) } }, 'Stop')),
  );
}

function key(message, button, act) {
  return h('button', { type: 'button', on: { click: () => act.press(message, button.callback_data) } }, button.text);
}

function actions(message, isMine, act) {
  return [
    iconButton('reply', 'Reply', () => act.reply(message)),
    menu(icon('smile'), 'React', QUICK.map((emoji) => [emoji, () => act.react(message, emoji)]), 'emoji'),
    isMine ? iconButton('edit', 'Edit', () => act.edit(message)) : null,
    isMine ? iconButton('trash', 'Delete', () => act.remove(message)) : null,
  ];
}
