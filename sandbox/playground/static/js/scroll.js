// Keeps a list at its end while it grows, unless the visitor has scrolled up to read.

const NEAR_PX = 48;

/** Change a list; stay at its end where that is where it was. */
export function stickToEnd(list, change) {
  const wasNear = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX || !list.dataset.seen;
  change();
  list.dataset.seen = '1';
  if (wasNear) list.scrollTop = list.scrollHeight;
}
