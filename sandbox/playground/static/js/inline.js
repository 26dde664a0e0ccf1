// What stands within a line of Markdown: emphasis, code, links, live names. Strings become text nodes.

import { h } from './dom.js';

const ESCAPED = /[!-/:-@[-`{-~]/;
const ADDRESS = /^https?:\/\/[^\s<>()[\]|]*[^\s<>()[\]|.,:;!?'"]/;
const LINK = /^\[((?:[^[\]\\]|\\.|\[[^[\]]*\])*)\]\(\s*([^()\s]+)(?:\s+"[^"]*")?\s*\)/;
const LIVE = /^<([@#!][^<>|]*)(?:\|([^<>]*))?>/;
const SAFE = /^(?:https?:|mailto:)/i;
const MARKS = [
  ['**', 'strong'],
  ['__', 'strong'],
  ['~~', 's'],
  ['*', 'em'],
  ['_', 'em'],
];

/** Take Slack's three entities back, as its clients do. */
export function plain(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** Return nodes for one line, or for the lines of one paragraph. */
export function inline(text) {
  const nodes = [];
  let held = '';
  const flush = () => {
    if (held) nodes.push(document.createTextNode(plain(held)));
    held = '';
  };
  let at = 0;
  while (at < text.length) {
    const found = special(text, at);
    if (found) {
      flush();
      nodes.push(found[0]);
      at += found[1];
    } else if (text[at] === '\\' && ESCAPED.test(text[at + 1] ?? '')) {
      held += text[at + 1];
      at += 2;
    } else {
      held += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

/** Return a node and how many characters it takes, or nothing. */
function special(text, at) {
  const sign = text[at];
  const rest = text.slice(at);
  if (sign === '\n') return [h('br'), 1];
  if (sign === '`') return codeSpan(rest);
  if (sign === '[') return link(rest);
  if (sign === '<') return live(rest);
  if (sign === 'h' && !/\w/.test(text[at - 1] ?? '')) return address(rest);
  if ('*_~'.includes(sign)) return emphasis(text, at);
  return null;
}

function codeSpan(rest) {
  const mark = /^`+/.exec(rest)[0];
  const end = rest.indexOf(mark, mark.length);
  if (end < 0 || rest[end + mark.length] === '`') return null;
  return [h('code', {}, plain(rest.slice(mark.length, end))), end + mark.length];
}

function link(rest) {
  const found = LINK.exec(rest);
  if (!found || !SAFE.test(found[2])) return null;
  return [anchor(plain(found[2]), inline(found[1])), found[0].length];
}

function address(rest) {
  const found = ADDRESS.exec(rest);
  return found ? [anchor(plain(found[0]), plain(found[0])), found[0].length] : null;
}

/** A link that shows where it leads and sends no referrer. */
export function anchor(url, label) {
  return SAFE.test(url) ? h('a', { href: url, title: url, target: '_blank', rel: 'noopener noreferrer' }, label) : h('span', {}, label);
}

function live(rest) {
  const found = LIVE.exec(rest);
  if (!found) return null;
  return [h('span', { className: 'mention live' }, found[2] || found[1].replace(/^!/, '@')), found[0].length];
}

function emphasis(text, at) {
  for (const [mark, tag] of MARKS) {
    if (!text.startsWith(mark, at)) continue;
    const from = at + mark.length;
    if (/\s/.test(text[from] ?? ' ')) continue;
    if (mark[0] === '_' && /\w/.test(text[at - 1] ?? '')) continue;
    const end = closing(text, from, mark);
    if (end > from) return [h(tag, {}, inline(text.slice(from, end))), end + mark.length - at];
  }
  return null;
}

function closing(text, from, mark) {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`') {
      const span = codeSpan(text.slice(at));
      if (span) at += span[1] - 1;
    } else if (text.startsWith(mark, at) && !/\s/.test(text[at - 1]) && at > from) {
      const isLonger = mark.length === 1 && text[at + 1] === mark;
      const isInWord = mark[0] === '_' && /\w/.test(text[at + mark.length] ?? '');
      if (isLonger) at += 1;
      else if (!isInWord) return at;
    }
  }
  return -1;
}
