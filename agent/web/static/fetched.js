// What a view shows and the status does not have: asked for once at a time, and again when what it follows from has changed.
import { Problem } from './api.js';

export class Fetched {
  /** `load()` asks; `changed()` is told when there is an answer; `rest`: so long between two answers that nobody asked for, in ms. */
  constructor(load, changed, rest = 0) {
    Object.assign(this, { load, changed, rest });
    this.value = null;
    this.problem = null;
    this.cause = null;
    this.seen = null; // the last status
    this.asked = 0; // fetches that were begun; only the last one's answer counts
  }

  /** Fetches now; follow() goes on from there. */
  begin() {
    this.cause = null;
    return this.fetch();
  }

  async fetch() {
    const mine = ++this.asked;
    clearTimeout(this.timer);
    this.timer = null;
    let value = null;
    let problem = null;
    try {
      value = await this.load();
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused;
      problem = refused;
    }
    if (mine !== this.asked) return;
    // What is known stays while the agent is away.
    if (problem?.status !== 0) this.value = value;
    Object.assign(this, { problem, at: Date.now() });
    this.changed();
  }

  /** Fetches when `cause`, of that `status`, is another one than before; after a problem with the next status. */
  follow(cause, status) {
    const again = this.problem && this.seen !== status;
    this.seen = status;
    if (this.cause === cause && !again) return;
    const begun = this.cause === null && this.asked > 0; // by begin()
    this.cause = cause;
    if (begun || this.timer) return; // or it is about to be asked
    this.timer = setTimeout(() => this.fetch(), Math.max(0, (this.at ?? 0) + this.rest - Date.now()));
  }
}
