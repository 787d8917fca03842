// What several views are made of.
import { announce, h } from './dom.js';
import { number, timeOf } from './format.js';
import { gap, said, t, tn } from './strings.js';

/** A word with a colour of its own. `tone`: good, warn, bad, info or quiet. */
export const badge = (tone, text) => h(`span.badge.${tone}`, {}, text);

export function button(name, label, onclick, attributes = {}) {
  return h(`button${name ? `.${name}` : ''}`, { type: 'button', onclick, ...attributes }, label);
}

/** A sentence of the agent's: what stands between backticks is something to type. */
export function prose(text) {
  return text.split('`').map((part, index) => (index % 2 ? h('code', {}, part) : part));
}

/** What a pool or an entry counts, in the reader's language. */
export const unitName = (one) => said('unit', one.unit, one.unit_name);

/** Copies `text`, and says so on the button for a moment. `what`: for those who do not see where it stands. */
export function copyButton(text, what) {
  return button('small', t('action.copy'), async (event) => {
    const pressed = event.currentTarget;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyByHand(text); // the clipboard is for secure pages only
    }
    announce(t('action.copied', { what: text }));
    pressed.textContent = t('action.copied.short');
    setTimeout(() => { pressed.textContent = t('action.copy'); }, 1500);
  }, { 'aria-label': t('action.copy.what', { what }) });
}

function copyByHand(text) {
  const area = h('textarea.visually-hidden', {}, text);
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** A heading with its part of the page. `key` names it among its siblings. */
export function card(key, title, ...content) {
  return h('section.card', { 'data-key': key, 'aria-labelledby': `title-${key}` },
    h('h2', { id: `title-${key}` }, title), ...content);
}

/** Names and values below each other; rows without a value are left out. */
export function facts(rows) {
  return h('dl.facts', {}, rows.filter(([, value]) => value !== null && value !== '' && value !== undefined)
    .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

/** How much of a pool is used. */
export function poolBar(pool) {
  const share = pool.total ? Math.min(100, (100 * pool.used) / pool.total) : (pool.used ? 100 : 0);
  const tone = { ok: 'good', 'usage-reaches-limit': 'warn' }[pool.status] ?? 'bad';
  // An SVG, because a width in percent would be a style, which the page's policy forbids in markup.
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [name, value] of Object.entries({ class: `bar ${tone}`, viewBox: '0 0 100 1', preserveAspectRatio: 'none',
    role: 'img', 'aria-label': tn('pool.used', pool.total, { used: number(pool.used), total: number(pool.total) }) })) {
    svg.setAttribute(name, value);
  }
  const filled = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  for (const [name, value] of Object.entries({ width: share.toFixed(2), height: 1 })) filled.setAttribute(name, value);
  svg.append(filled);
  return svg;
}

/** The tone of each severity. */
export const SEVERITIES = { critical: 'bad', warning: 'warn', info: 'info' };

/** What ids in alerts are called: license objects and nodes. */
export function namesOf(status) {
  return Object.fromEntries([...status.pools.map((pool) => [pool.object, pool.object_name]),
    ...status.deployment.nodes.map((one) => [one.id, one.name])]);
}

/** What an alert says, in the reader's language: `{subject}` is what stands behind the colon of its id. */
export function alertText(alert, names = {}) {
  const [kind, ...subject] = alert.id.split(':');
  const name = names[subject[0]] ?? subject[0] ?? '';
  return { text: said('alert', kind, alert.text, { subject: name }), cure: said('alert-cure', kind, alert.cure) };
}

/** SPEC ALERT-1: one alert, with its countdown. */
export function banner(alert, names) {
  const { text, cure } = alertText(alert, names);
  return h(`li.banner.${SEVERITIES[alert.severity] ?? 'info'}`, { 'data-key': alert.id },
    h('strong', {}, t(`severity.${alert.severity}`)), gap(),
    h('span', {}, prose(text), alert.until ? [gap(), h('b', {}, t('time.left'), gap(), timeOf(alert.until, 'left')), cure ? ' · ' : ''] : ''),
    cure ? h('span.cure', {}, gap(), prose(cure)) : '');
}

/** Of what was translated by its code: the agent's own words may say more (which license, which machine). */
export function inItsWords(original, shown) {
  return original && original !== shown ? h('span.original', { lang: 'en' }, ` (${original})`) : '';
}

/** What was refused, for people. */
export function problemNote(problem) {
  const detail = problem.detail ?? problem.message;
  return h('div.note.bad', { role: 'alert' }, h('strong', {}, prose(detail)), problem.cure ? h('span.cure', {}, gap(), prose(problem.cure)) : '',
    inItsWords(problem.original, detail));
}

/** For a dialog whose answer is recorded: the agent takes 256 bytes, and a letter may have four. */
export function reasonField() {
  return h('label', {}, t('reason.label'), h('input', { name: 'reason', required: true, maxlength: 64, autocomplete: 'off' }));
}
