// Draws a Telegram text by its entities. Their offsets count UTF-16 units, as JavaScript's strings do.

import { h } from './dom.js';
import { anchor } from './inline.js';
import { codeBlock } from './markdown.js';

const TAGS = { bold: 'strong', italic: 'em', underline: 'u', strikethrough: 's', code: 'code', blockquote: 'blockquote' };

/** Return nodes for a text. */
export function withEntities(text, entities) {
  const sorted = [...entities].sort((one, other) => one.offset - other.offset || other.length - one.length);
  return range(text, sorted, 0, text.length);
}

function range(text, entities, from, to) {
  const nodes = [];
  let at = from;
  let index = 0;
  let last = null;
  while (index < entities.length) {
    const entity = entities[index];
    const end = entity.offset + entity.length;
    let inside = index + 1;
    while (inside < entities.length && entities[inside].offset < end) inside += 1;
    nodes.push(...lines(between(text.slice(at, entity.offset), isBlock(last), isBlock(entity))));
    nodes.push(span(entity, text.slice(entity.offset, end), range(text, entities.slice(index + 1, inside), entity.offset, end)));
    at = end;
    last = entity;
    index = inside;
  }
  nodes.push(...lines(between(text.slice(at, to), isBlock(last), false)));
  return nodes;
}

/** A block ends its line by itself: the line feed beside it is no empty line. */
function between(text, isAfterBlock, isBeforeBlock) {
  const begun = isAfterBlock ? text.replace(/^\n/, '') : text;
  return isBeforeBlock ? begun.replace(/\n$/, '') : begun;
}

function isBlock(entity) {
  return ['pre', 'blockquote', 'expandable_blockquote'].includes(entity?.type);
}

function lines(text) {
  return text ? text.split('\n').flatMap((line, index) => (index ? [h('br'), line] : [line])) : [];
}

function span(entity, words, children) {
  if (entity.type === 'pre') return codeBlock(words, entity.language ?? '');
  if (entity.type === 'code') return h('code', {}, words);
  if (entity.type === 'expandable_blockquote') return h('blockquote', { className: 'expandable', dir: 'auto' }, children);
  if (entity.type === 'spoiler') return h('span', { className: 'spoiler', tabindex: '0' }, children);
  if (entity.type === 'text_link') return anchor(entity.url, children);
  if (entity.type === 'url') return anchor(words, words);
  if (TAGS[entity.type]) return h(TAGS[entity.type], { dir: entity.type === 'blockquote' ? 'auto' : null }, children);
  return h('span', { className: 'mention' }, children);
}
