// Who is signed in. The cookie is the browser's secret; what is kept here is gone with the page.
import { noteAnswer } from './clock.js';

const TOUCH_EVERY = 5 * 60_000; // milliseconds

const session = { name: '', rights: new Set(), csrf: '' };

export const userName = () => session.name;
export const csrfToken = () => session.csrf;
/** `right`: view, operate, administer. What the agent refuses it refuses all the same; this decides what is offered. */
export const can = (right) => session.rights.has(right);

function take({ name, rights, csrf }) {
  session.rights = new Set(rights.match(/\w+/g) ?? []);
  session.csrf = csrf ?? '';
  // A stranger has an address for a name.
  if (can('view')) session.name = name;
}

/** Asks the agent; true when its answer is somebody who may look. Throws when the agent cannot be reached. */
export async function load() {
  const answer = await fetch('/v1/session', { cache: 'no-store' });
  noteAnswer(answer.headers.get('date'));
  if (answer.ok) take(await answer.json());
  else forget();
  return can('view');
}

export function forget() {
  session.rights = new Set();
  session.csrf = '';
}

/** Of the answer to POST /v1/session. */
export const opened = take;

/** Who reads and scrolls is there as well: a session ends after half an hour without a request. */
export function keepSession() {
  let asked = Date.now();
  const touched = () => {
    if (!can('view') || Date.now() - asked < TOUCH_EVERY) return;
    asked = Date.now();
    fetch('/v1/session', { cache: 'no-store' }).catch(() => {}); // live.js notices what is lost
  };
  for (const event of ['pointerdown', 'keydown', 'wheel']) addEventListener(event, touched, { passive: true });
}
