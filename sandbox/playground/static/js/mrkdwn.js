// Draws Slack's mrkdwn: what people write, notices, and sections of the Home tab.

import { h } from './dom.js';
import { anchor, plain } from './inline.js';
import { codeBlock } from './markdown.js';

const TOKEN = /```([\s\S]*?)```|`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*([^*\n]+)\*(?!\w)|(?<![\w_])_([^_\n]+)_(?!\w)|(?<![\w~])~([^~\n]+)~(?!\w)|\n/g;

/** Return nodes for a mrkdwn text. `names` are people by id. */
export function mrkdwn(text, names) {
  const lines = [];
  let quoted = [];
  const flush = () => {
    if (quoted.length) lines.push(h('blockquote', { dir: 'auto' }, spans(quoted.join('\n'), names)));
    quoted = [];
  };
  for (const part of text.split(/(^(?:&gt;|>) ?.*$)/m)) {
    const quote = /^(?:&gt;|>) ?(.*)$/.exec(part);
    if (quote) quoted.push(quote[1]);
    else if (part.trim()) {
      flush();
      lines.push(h('p', { dir: 'auto' }, spans(part.replace(/^\n|\n$/g, ''), names)));
    }
  }
  flush();
  return lines;
}

function spans(text, names) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(TOKEN)) {
    if (found.index > at) nodes.push(plain(text.slice(at, found.index)));
    nodes.push(span(found, names));
    at = found.index + found[0].length;
  }
  nodes.push(plain(text.slice(at)));
  return nodes;
}

function span([whole, block, code, token, bold, italic, struck], names) {
  if (whole === '\n') return h('br');
  if (block !== undefined) return codeBlock(plain(block.replace(/^\n/, '')), '');
  if (code !== undefined) return h('code', {}, plain(code));
  if (token !== undefined) return reference(token, names);
  if (bold !== undefined) return h('strong', {}, spans(bold, names));
  if (italic !== undefined) return h('em', {}, spans(italic, names));
  return h('s', {}, spans(struck, names));
}

function reference(token, names) {
  const [target, label = ''] = token.split('|');
  if (target.startsWith('@')) return h('span', { className: 'mention' }, `@${names[target.slice(1)] ?? target.slice(1)}`);
  if (target.startsWith('#')) return h('span', { className: 'mention' }, `#${label || target.slice(1)}`);
  if (target.startsWith('!date^')) return dated(target, label);
  if (target.startsWith('!')) return h('span', { className: 'mention live' }, label || `@${target.slice(1)}`);
  return anchor(plain(target), plain(label || target));
}

function dated(target, fallback) {
  const seconds = Number(target.split('^')[1]);
  return Number.isFinite(seconds) ? h('time', {}, new Date(seconds * 1000).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })) : fallback;
}
