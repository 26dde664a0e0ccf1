// Draws the Markdown of Slack's `markdown` block: blocks here, what stands within a line in inline.js.

import { h } from './dom.js';
import { inline, plain } from './inline.js';

const FENCE = /^( {0,3})(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^ {0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])(\s+)(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** Return nodes for a Markdown text. */
export function markdown(text) {
  return blocks(text.replaceAll('\r\n', '\n').split('\n'));
}

function blocks(lines) {
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    const [node, next] = block(lines, at);
    if (node) nodes.push(node);
    at = next;
  }
  return nodes;
}

function block(lines, at) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  const fence = FENCE.exec(line);
  if (fence) return code(lines, at, fence);
  const heading = HEADING.exec(line);
  if (heading) return [h(`h${Math.min(6, heading[1].length + 2)}`, { dir: 'auto' }, inline(heading[2])), at + 1];
  if (RULE.test(line)) return [h('hr'), at + 1];
  if (QUOTE.test(line)) return quote(lines, at);
  if (isTable(lines, at)) return table(lines, at);
  if (ITEM.test(line)) return list(lines, at);
  return paragraph(lines, at);
}

function code(lines, at, [, , mark, language]) {
  const held = [];
  let next = at + 1;
  while (next < lines.length && !(lines[next].trim().startsWith(mark) && !lines[next].trim().slice(mark.length).trim())) {
    held.push(lines[next++]);
  }
  const name = language.trim();
  return [codeBlock(plain(held.join('\n')), name), next + 1];
}

/** A block of code with the name of its language. */
export function codeBlock(text, language) {
  const label = language ? h('figcaption', {}, language) : null;
  return h('figure', { className: 'code' }, label, h('pre', { tabindex: '0' }, h('code', {}, text)));
}

function quote(lines, at) {
  const held = [];
  let next = at;
  while (next < lines.length && QUOTE.test(lines[next])) held.push(lines[next++].replace(QUOTE, ''));
  return [h('blockquote', { dir: 'auto' }, blocks(held)), next];
}

function isTable(lines, at) {
  return lines[at].includes('|') && at + 1 < lines.length && lines[at + 1].includes('-') && TABLE_RULE.test(lines[at + 1]);
}

function table(lines, at) {
  const aligned = cells(lines[at + 1]).map((rule) => (rule.endsWith(':') ? (rule.startsWith(':') ? 'center' : 'right') : 'left'));
  const row = (line, tag) =>
    h('tr', {}, cells(line).map((cell, index) => h(tag, { dir: 'auto', className: `to-${aligned[index] ?? 'left'}` }, inline(cell))));
  const body = [];
  let next = at + 2;
  while (next < lines.length && lines[next].includes('|') && lines[next].trim()) body.push(row(lines[next++], 'td'));
  const drawn = h('table', {}, h('thead', {}, row(lines[at], 'th')), h('tbody', {}, body));
  return [h('div', { className: 'table', tabindex: '0', role: 'group', 'aria-label': 'Table' }, drawn), next];
}

function cells(line) {
  const bare = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return bare.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function list(lines, at) {
  const first = ITEM.exec(lines[at]);
  const isOrdered = /\d/.test(first[2]);
  const indent = first[1].length;
  const items = [];
  let next = at;
  while (next < lines.length) {
    const item = ITEM.exec(lines[next]);
    if (!item || item[1].length < indent || item[1].length > indent + 1 || /\d/.test(item[2]) !== isOrdered) break;
    const width = item[1].length + item[2].length + item[3].length;
    const held = [item[4]];
    next += 1;
    while (next < lines.length && belongs(lines, next, indent)) held.push(lines[next++].replace(new RegExp(`^\\s{0,${width}}`), ''));
    items.push(listItem(held));
  }
  const start = isOrdered ? Number.parseInt(first[2], 10) : null;
  return [h(isOrdered ? 'ol' : 'ul', { start: start === 1 ? null : start }, items), next];
}

function belongs(lines, at, indent) {
  const line = lines[at];
  if (!line.trim()) return at + 1 < lines.length && /^\s/.test(lines[at + 1]) && leading(lines[at + 1]) > indent;
  return leading(line) > indent;
}

function leading(line) {
  return line.length - line.trimStart().length;
}

function listItem(lines) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(lines[0]);
  if (task) {
    const box = h('input', { type: 'checkbox', disabled: true, checked: task[1] !== ' ' });
    return h('li', { className: 'task', dir: 'auto' }, box, inline(task[2]), blocks(lines.slice(1)));
  }
  const [first, ...rest] = blocks(lines);
  const isParagraph = first instanceof HTMLParagraphElement;
  return h('li', { dir: 'auto' }, isParagraph ? [...first.childNodes] : first, rest);
}

function paragraph(lines, at) {
  const held = [lines[at]];
  let next = at + 1;
  while (next < lines.length && lines[next].trim() && !startsBlock(lines, next)) held.push(lines[next++]);
  return [h('p', { dir: 'auto' }, inline(held.map((line) => line.trimStart()).join('\n'))), next];
}

function startsBlock(lines, at) {
  return [FENCE, HEADING, QUOTE, RULE, ITEM].some((pattern) => pattern.test(lines[at])) || isTable(lines, at);
}
