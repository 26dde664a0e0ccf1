// The field in which a message is written, for both services.

import { fill, h, icon, iconButton } from './dom.js';
import { complain } from './toasts.js';

const TALLEST_PX = 140;

/**
 * A message field. `send({ text, file })` returns a promise; what was typed stays where it fails.
 * `mention`: the text that the @ button puts in front; empty for no button.
 */
export function composer({ id, label, send, mention = '', sendIcon = 'send' }) {
  const note = h('div', { className: 'composer-note', hidden: true });
  const field = h('textarea', { id, rows: '1', 'aria-label': label, placeholder: label, on: { input: grow, keydown } });
  const picker = h('input', { type: 'file', hidden: true, on: { change: pick } });
  const mentionButton = iconButton('at', 'Mention the bot', () => addMention());
  mentionButton.hidden = !mention;
  const form = h(
    'form',
    { className: 'composer', on: { submit } },
    note,
    h(
      'div',
      { className: 'composer-row' },
      mentionButton,
      iconButton('attach', 'Send a file: only its name is used', () => picker.click()),
      picker,
      field,
      h('button', { type: 'submit', className: 'icon-button send', 'aria-label': 'Send', title: 'Send (Enter)' }, icon(sendIcon)),
    ),
  );
  let file = '';
  let around = { onEnd: null };

  function grow() {
    field.style.setProperty('height', 'auto');
    field.style.setProperty('height', `${Math.min(TALLEST_PX, field.scrollHeight)}px`);
  }

  function keydown(event) {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === 'Escape' && !note.hidden) {
      event.stopPropagation();
      clear();
    }
  }

  function pick() {
    file = picker.files[0]?.name ?? '';
    picker.value = '';
    if (file) say(`File: ${file}`);
    field.focus();
  }

  function say(words, onEnd = null) {
    around.onEnd = onEnd;
    fill(note, h('span', { className: 'grow' }, words), iconButton('close', 'Leave it', clear));
    note.hidden = false;
  }

  function clear() {
    const { onEnd } = around;
    around = { onEnd: null };
    note.hidden = true;
    file = '';
    onEnd?.();
  }

  function addMention() {
    if (!field.value.includes(mention)) field.value = `${mention} ${field.value}`;
    grow();
    field.focus();
  }

  async function submit(event) {
    event.preventDefault();
    const text = field.value;
    if (!text.trim() && !file) return;
    field.value = '';
    grow();
    try {
      await send({ text, file });
      clear();
    } catch (error) {
      field.value = text;
      grow();
      complain(error);
    }
  }

  return {
    element: form,
    field,
    say,
    clear,
    set(text) {
      field.value = text;
      grow();
    },
    setLabel(words, mentionText) {
      field.setAttribute('aria-label', words);
      field.placeholder = words;
      mentionButton.hidden = !mentionText;
      mention = mentionText;
    },
  };
}
