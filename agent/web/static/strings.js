// The page's words: strings/en.json and strings/zh-CN.json hold the same keys (tests/unit/web checks it). What the agent
// says in English (messages, cures) is shown as it is in English; other languages have it by its stable code, below
// `api.`, and fall back to the agent's own words.

/** `gap`: what stands between two sentences. */
export const LANGUAGES = [{ code: 'en', name: 'English', gap: ' ' }, { code: 'zh-CN', name: '简体中文', gap: '' }];
const KEPT = 'latchkey.language';

let texts = {};
let current = 'en';

export const language = () => current;
export const gap = () => LANGUAGES.find((one) => one.code === current).gap;

/** How the reader writes numbers and times: the browser's own tag where it is of the page's language, as en-GB of en. */
export function locale() {
  const same = (tag) => tag.split('-')[0] === current.split('-')[0];
  return (navigator.languages ?? [navigator.language]).find(same) ?? current;
}

/** As chosen before, else what the browser's user reads. */
export function preferredLanguage() {
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch { /* a browser that keeps nothing */ }
  if (LANGUAGES.some((one) => one.code === kept)) return kept;
  for (const tag of navigator.languages ?? [navigator.language]) {
    const found = LANGUAGES.find((one) => one.code.split('-')[0] === tag.split('-')[0]);
    if (found) return found.code;
  }
  return 'en';
}

export async function loadLanguage(code) {
  const answer = await fetch(`/page/strings/${code}.json`);
  if (!answer.ok) throw new Error(`strings/${code}.json: ${answer.status}`);
  texts = await answer.json();
  current = code;
  document.documentElement.lang = code;
}

export async function chooseLanguage(code) {
  await loadLanguage(code);
  try {
    localStorage.setItem(KEPT, code);
  } catch { /* then for as long as the page is open */ }
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The text of `key`, with `{name}` replaced by `values.name`. */
export function t(key, values = {}) {
  return fill(texts[key] ?? key, values);
}

/** As t(), of `key.one` or `key.other`, as the language counts `count`; `{count}` is the number. */
export function tn(key, count, values = {}) {
  const form = `${key}.${new Intl.PluralRules(current).select(count)}`;
  const shown = new Intl.NumberFormat(locale()).format(count);
  return t(form in texts ? form : `${key}.other`, { count: shown, ...values });
}

/** What the agent said with the stable `code`, in the reader's language: `said` where that is English, or unknown. */
export function said(group, code, original, values = {}) {
  const text = texts[`api.${group}.${code}`];
  return text === undefined ? original : fill(text, values);
}
