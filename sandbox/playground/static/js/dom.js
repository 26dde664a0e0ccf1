// Builds elements. Text only ever becomes a text node: there is no way from a string to markup here.

const SVG = 'http://www.w3.org/2000/svg';

/** Make an element. `on` holds listeners, `style` custom properties; every other prop is an attribute. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  setProps(element, props);
  append(element, children);
  return element;
}

function setProps(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === 'style') {
      for (const [property, given] of Object.entries(value)) element.style.setProperty(property, given);
    } else if (name === 'value') {
      element.value = value;
    } else {
      element.setAttribute(name === 'className' ? 'class' : name, value === true ? '' : String(value));
    }
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replace what is in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/**
 * Make a list's elements match its values, each made anew only when its value has changed.
 * `rows` are [key, value] pairs; elements that stay keep their focus and scroll.
 */
export function sync(parent, rows, make) {
  const before = parent.rows ?? new Map();
  const after = new Map();
  let place = null;
  for (const [key, value] of rows) {
    let row = before.get(key);
    if (!row || row.value !== value) {
      const element = make(value, key, row?.element);
      if (row && row.element !== element) {
        const isFocused = row.element.contains(document.activeElement);
        row.element.replaceWith(element);
        if (isFocused) element.querySelector('button, textarea, input')?.focus();
      }
      row = { value, element };
    }
    after.set(key, row);
    before.delete(key);
    const wanted = place ? place.nextSibling : parent.firstChild;
    if (row.element !== wanted) parent.insertBefore(row.element, wanted);
    place = row.element;
  }
  for (const row of before.values()) row.element.remove();
  parent.rows = after;
}

const ICONS = {
  bridge: 'M2 17h20M4 17c0-10 16-10 16 0M8.5 17v-5.5M12 17v-7M15.5 17v-5.5',
  send: 'M4 12 20 4l-5 16-3.5-6.5zM20 4l-8.500 9.500',
  attach: 'M20 11.500 12 19a5 5 0 0 1-7-7l8-8a3.300 3.300 0 0 1 4.700 4.700l-8 8a1.600 1.600 0 0 1-2.300-2.300l7-7',
  at: 'M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zm0 0v1.500a2.500 2.500 0 0 0 5 0V12a9 9 0 1 0-3.500 7',
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6 6 18',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  hash: 'M9 4 7 20M17 4l-2 16M4.500 9h16M3.500 15h16',
  play: 'M8 5v14l11-7z',
  stop: 'M7 7h10v10H7z',
  check: 'M4.500 12.500l5 5 10-11',
  cross: 'M6 6l12 12M18 6 6 18',
  ring: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500 19 19M5 19l1.500-1.500M17.500 6.500 19 5',
  moon: 'M20 14.500A8 8 0 0 1 9.500 4a8 8 0 1 0 10.500 10.500z',
  sliders: 'M4 7h10M18 7h2M4 17h2M10 17h10M14 5v4M8 15v4',
  smile: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM8.500 14.500a4.500 4.500 0 0 0 7 0M9 9.500h.01M15 9.500h.01',
  edit: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  reply: 'M10 8V4l-7 7 7 7v-4c5 0 8 1.500 11 5-1-6-4-11-11-11z',
  thread: 'M4 5h16v11H9l-5 4z',
  home: 'M4 11l8-7 8 7v9h-5v-6H9v6H4z',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  bolt: 'M13 3 5 14h6l-1 7 8-11h-6z',
  coin: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM14.500 9.500c-.5-1-1.500-1.500-2.500-1.500-1.500 0-2.500.8-2.500 2s1 1.700 2.500 2 2.500.8 2.500 2-1 2-2.500 2c-1 0-2-.5-2.500-1.500M12 6.500v11',
  plane: 'M3 11.500 21 4l-3 16-6-4-3 3v-5l8-7-10 6z',
};

/** Draw one of our own icons. */
export function icon(name, label = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  if (label) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  } else {
    svg.setAttribute('aria-hidden', 'true');
  }
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon; the label is read aloud and shown as a hint. */
export function iconButton(name, label, click, className = '') {
  return h('button', { type: 'button', className: `icon-button ${className}`, 'aria-label': label, title: label, on: { click } }, icon(name));
}

/** A round avatar with a letter, its colour taken from the name. */
export function avatar(name, isBot = false) {
  if (isBot) return h('span', { className: 'avatar bot', 'aria-hidden': 'true' }, icon('bridge'));
  const hue = [...name].reduce((sum, sign) => sum + sign.codePointAt(0) * 37, 0) % 6;
  return h('span', { className: `avatar hue-${hue}`, 'aria-hidden': 'true' }, name.slice(0, 1));
}
