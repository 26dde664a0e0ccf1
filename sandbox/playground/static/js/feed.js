// The WebSocket to the playground: changes come in, wishes go out.

const AGAIN_AFTER_MS = 1000;

export class Feed {
  #socket = null;
  #waiting = new Map();
  #number = 0;

  constructor(store, onState) {
    this.store = store;
    this.onState = onState;
    this.#connect();
  }

  /** Ask for something. Resolves to the answer; rejects with an Error whose words are for the visitor. */
  ask(what, fields = {}) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new Error('The playground does not answer. Does it still run?'));
        return;
      }
      const id = ++this.#number;
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, do: what, ...fields }));
    });
  }

  #connect() {
    const url = new URL('feed', document.baseURI);
    url.protocol = 'ws:';
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.store.clear();
      this.onState(true);
    });
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(data)));
    socket.addEventListener('close', () => {
      this.onState(false);
      for (const { reject } of this.#waiting.values()) reject(new Error('The playground was closed.'));
      this.#waiting.clear();
      setTimeout(() => this.#connect(), AGAIN_AFTER_MS);
    });
  }

  #take(message) {
    if ('set' in message) {
      this.store.apply(message);
      return;
    }
    const waiting = this.#waiting.get(message.re);
    this.#waiting.delete(message.re);
    if (message.refused === undefined) waiting?.resolve(message.ok);
    else waiting?.reject(new Error(message.refused));
  }
}
