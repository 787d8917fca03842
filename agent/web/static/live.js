// The agent's state as it changes (GET /v1/events): the present status first, then each change. Nothing is asked for
// again and again; only a lost stream is sought anew, with growing pauses.
import { load } from './session.js';

const PAUSES = [500, 1000, 2000, 4000, 8000];
// A page that nobody looks at gives its connection back: browsers have six for all pages of one agent.
const HIDDEN_FOR = 30_000;
// Nobody says of a cut wire that it is cut, and an agent at rest is as silent: so long, and it is asked whether it lives.
const SILENT_FOR = 20_000;
const ANSWERS_WITHIN = 8_000;

/**
 * `onStatus(status)`; `onLink(state)` with 'live', or 'lost' and when it is tried next (milliseconds of Date.now());
 * `onSessionLost()`: who is signed in may not look any more.
 */
export class Live {
  constructor({ onStatus, onLink, onSessionLost }) {
    Object.assign(this, { onStatus, onLink, onSessionLost });
    this.source = null;
    this.failures = 0;
    this.wanted = false;
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => this.visibility());
  }

  start() {
    this.stop();
    this.wanted = true;
    this.open();
  }

  stop() {
    this.wanted = false;
    this.close();
  }

  open() {
    this.close();
    this.source = new EventSource('/v1/events');
    this.listen();
    this.source.addEventListener('status', (event) => {
      this.listen();
      this.failures = 0;
      this.onLink('live');
      this.onStatus(JSON.parse(event.data));
    });
    this.source.onerror = () => this.broken();
  }

  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.askAfter(), SILENT_FOR);
  }

  async askAfter() {
    const { source } = this;
    const patience = new AbortController();
    const over = setTimeout(() => patience.abort(), ANSWERS_WITHIN);
    try {
      // Without the cookie: a page that is only open keeps no session alive.
      await fetch('/health/live', { cache: 'no-store', credentials: 'omit', signal: patience.signal });
      if (this.source === source) this.listen();
    } catch {
      if (this.source === source) this.again(PAUSES.at(-1));
    }
    clearTimeout(over);
  }

  again(wait) {
    this.close();
    if (wait) this.onLink('lost', Date.now() + wait);
    this.timer = setTimeout(() => this.open(), wait);
  }

  close() {
    clearTimeout(this.silence);
    clearTimeout(this.timer);
    clearTimeout(this.goodbye);
    this.source?.close();
    this.source = null;
  }

  // An EventSource does not say why it failed: whether we may still look is asked apart.
  async broken() {
    this.close();
    const pause = PAUSES[Math.min(this.failures++, PAUSES.length - 1)];
    let allowed = true;
    try {
      allowed = await load();
    } catch {
      this.failures = Math.max(this.failures, 2);
    }
    if (!this.wanted || this.source) return;
    if (!allowed) return void this.onSessionLost();
    // An agent that was restarted, or a stream that a proxy ended, is back at once.
    this.again(this.failures === 1 ? 0 : pause);
  }

  hurry() {
    if (this.wanted && !this.source) this.open();
  }

  visibility() {
    clearTimeout(this.goodbye);
    if (document.hidden) this.goodbye = setTimeout(() => this.close(), HIDDEN_FOR);
    else this.hurry();
  }
}
