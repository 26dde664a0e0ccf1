// The app's Home tab, drawn from the view that the bridge published.

import { fill, h } from './dom.js';
import { drawBlock } from './slack_message.js';

/** Draw the tab; until it is published, say so. */
export function homeTab(root, view, names, press) {
  if (!view) {
    fill(root, h('p', { className: 'faint' }, 'The app has not published its Home tab yet.'));
    return;
  }
  fill(root, view.blocks.map((block) => h('div', { className: 'rich' }, drawBlock(block, names, press))));
}
