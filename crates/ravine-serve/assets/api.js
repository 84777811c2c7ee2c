// Asking the server.

/** The server does not know this browser. */
export class Closed extends Error {}

/** The server refused; `column` says where in a typed text, if it is about one. */
export class Refused extends Error {
  constructor({ error, column }) {
    super(error.split('\n')[0]);
    this.column = column;
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === 'AbortError') {
      throw error;
    }
    throw new Error('The server does not answer. Is ravine serve still running?');
  }
  if (response.status === 401) {
    dispatchEvent(new Event('ravine-closed'));
    throw new Closed();
  }
  const answer = await response.json();
  if (!response.ok) {
    throw new Refused(answer);
  }
  return answer;
}

export const get = (path) => ask(path);

export const post = (path, body) =>
  ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

/**
 * Posts, one at a time: what is asked meanwhile waits, and the newest replaces what waits. `answered` and `failed` are
 * given what was noted beside the question, else the question itself.
 */
export class Latest {
  constructor(path, answered, failed) {
    Object.assign(this, { path, answered, failed, waiting: null, busy: false });
  }

  async ask(body, note = body) {
    this.waiting = { body, note };
    if (this.busy) {
      return;
    }
    this.busy = true;
    while (this.waiting) {
      const { body: asked, note: noted } = this.waiting;
      this.waiting = null;
      try {
        const answer = await post(this.path, asked);
        this.answered(answer, noted);
      } catch (error) {
        if (!(error instanceof Closed)) {
          this.failed(error, noted);
        }
      }
    }
    this.busy = false;
  }
}
