// The agent's API (docs/api.yaml). Every call returns the answer's JSON, or throws a Problem.
import { noteAnswer } from './clock.js';
import { csrfToken, forget } from './session.js';
import { said, t } from './strings.js';

/** A refusal (RFC 9457). `code` is stable; `detail` and `cure` are for people, in their language where we have it. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.code);
    this.status = status;
    this.code = body.code ?? 'unknown';
    this.body = body;
    this.original = body.detail ?? '';
  }

  get detail() {
    return said('error', this.code, this.original || t('error.unknown'));
  }

  get cure() {
    return said('cure', this.code, this.body.cure ?? '');
  }
}

/** Somebody who was signed in is so no more: the shell asks for the password again. */
export const SESSION_LOST = 'latchkey-session-lost';

/** `path` with those of the parameters that have a value. */
export function withQuery(path, parameters) {
  return `${path}?${new URLSearchParams(Object.entries(parameters).filter(([, value]) => value))}`;
}

export const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body);
export const put = (path, body) => call('PUT', path, body);
export const remove = (path, body) => call('DELETE', path, body);

export function unreachable() {
  return new Problem(0, { code: 'unreachable', detail: t('error.unreachable'), cure: t('error.unreachable.cure') });
}

function headers() {
  return csrfToken() ? { 'X-Latchkey-CSRF': csrfToken() } : {};
}

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      cache: 'no-store',
      headers: body === undefined ? headers() : { ...headers(), 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw unreachable();
  }
  noteAnswer(answer.headers.get('date'));
  return judge(answer.status, await answer.text());
}

function judge(status, text) {
  let body = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch { /* not from the agent: a proxy's page */ }
  if (status >= 200 && status < 300) return body;
  const problem = new Problem(status, body);
  // csrf-missing: another tab has signed in anew since.
  if (problem.code === 'not-authenticated' || problem.code === 'csrf-missing') {
    forget();
    document.dispatchEvent(new Event(SESSION_LOST));
  }
  throw problem;
}

/** A file as the body; `onProgress` is told how much of it has gone, 0 to 1. */
export function upload(path, file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch() does not say how far an upload is
    request.open('POST', path);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => reject(unreachable());
    request.onload = () => {
      try {
        resolve(judge(request.status, request.responseText));
      } catch (problem) {
        reject(problem);
      }
    };
    request.send(file);
  });
}

/** An answer as it came, `{ text, headers }`: of what is no JSON, or goes on in another one. */
export async function getText(path) {
  let answer;
  try {
    answer = await fetch(path, { cache: 'no-store', headers: headers() });
  } catch {
    throw unreachable();
  }
  const text = await answer.text();
  if (!answer.ok) judge(answer.status, text);
  return { text, headers: answer.headers };
}

/** Saves an answer as a file, also one that no link could ask for because it may be refused. */
export async function download(path, name) {
  saveAs(new Blob([(await getText(path)).text]), name);
}

export function saveAs(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
