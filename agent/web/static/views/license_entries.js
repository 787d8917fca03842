// What is licensed: pools with their entries (SPEC POOL-1, LIC-9).
import { get, remove, withQuery } from '../api.js';
import { ask } from '../dialog.js';
import { announce, h } from '../dom.js';
import { number, timeOf } from '../format.js';
import { badge, button, card, namesOf, poolBar, problemNote, prose, unitName } from '../parts.js';
import { can } from '../session.js';
import { language, said, t, tn } from '../strings.js';

const TONES = { valid: 'good', 'expiring-soon': 'warn', 'not-yet-valid': 'info', 'server-unavailable': 'warn', superseded: 'quiet', hidden: 'quiet', 'key-absent': 'quiet' };
export const statusTone = (status) => TONES[status] ?? 'bad';
const LISTED = 10; // of what a license holds, in a question
const POOL_TONES = { ok: 'good', 'usage-reaches-limit': 'warn', 'over-quota': 'bad', 'server-unavailable': 'warn' };

const nameOf = (object, names) => names[object] ?? object;

/** SPEC LIC-2: why a license cannot be deleted; empty: it can. */
function whyKept({ deletable, source }) {
  if (deletable) return '';
  return source === 'file' ? t('delete.not.base') : t(`delete.not.${source}`);
}

/** What a license holds, as far as one can take it in. */
async function contents(license) {
  const { entries, matching } = await get(withQuery('/v1/entries', { license, limit: LISTED }));
  return h('ul', {}, entries.map((one) => h('li', {}, one.object_name, ': ', number(one.quantity), ' ', unitName(one))),
    matching > entries.length ? h('li', {}, tn('list.more', matching - entries.length)) : '');
}

async function confirmDelete(entry, changed) {
  const kept = whyKept(entry);
  if (kept) return ask({ title: t('delete.not.title'), body: h('p', {}, kept) });
  const { license } = entry;
  return ask({
    title: t('delete.title'),
    body: [h('p', {}, t('delete.text', { license })), await contents(license).catch(problemNote)],
    action: t('delete.action'),
    tone: 'danger',
    run: async () => {
      await remove(`/v1/licenses/${encodeURIComponent(license)}`);
      announce(t('delete.done', { license }));
      await changed();
    },
  });
}

function sourceOf(entry) {
  const key = entry.key && entry.source !== 'file' ? h('code', {}, ` ${entry.key}`) : '';
  return h('span', {}, t(`source.${entry.source}`), key);
}

function validity(entry) {
  return h('span', {}, timeOf(entry.not_before, 'day'), ' – ', timeOf(entry.ends, 'day'),
    h('span.quiet', {}, ' ', timeOf(entry.ends, 'relative')));
}

function entryRow(entry, key, pool, changed) {
  const cell = (label, ...content) => h('td', { 'data-label': t(label) }, h('div', {}, ...content));
  const kept = whyKept(entry);
  const counts = pool && entry.counts; // used and available are of the pool: of all its entries that count
  return h('tr', { 'data-key': key },
    cell('entry.quantity', h('b', {}, number(entry.quantity)), ' ', unitName(entry)),
    cell('entry.used', counts ? number(pool.used) : '–'), cell('entry.available', counts ? number(pool.available) : '–'),
    cell('entry.validity', validity(entry)),
    cell('entry.status', badge(statusTone(entry.status), t(`status.${entry.status}`)),
      entry.counts ? '' : h('div.quiet', {}, prose(said('status', entry.status, entry.why)), entry.detail ? ` ${entry.detail}` : '')),
    cell('entry.source', sourceOf(entry), h('div.quiet', {}, entry.license)),
    can('administer') ? h('td.actions', {}, button('small', t('delete.button'), () => confirmDelete(entry, changed),
      { 'aria-label': t('delete.what', { object: entry.object_name, license: entry.license }), title: kept || null,
        class: kept ? 'small muted' : 'small' })) : '');
}

/** A license may have the same entry several times. */
function rows({ pool, entries }, changed) {
  const seen = new Map();
  return entries.map((entry) => {
    const name = `${entry.document} ${entry.not_before}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return entryRow(entry, `${name} ${seen.get(name)}`, pool, changed);
  });
}

function poolHead(name, pool, names) {
  if (!pool) return h('h3', {}, name);
  const numbers = tn('pool.used', pool.total, { used: number(pool.used), total: number(pool.total) });
  return h('div.pool', {}, h('h3', {}, name, ' ', h('span.quiet', {}, unitName(pool))),
    h('div.pool-figures', {}, h('span', {}, numbers), h('span.quiet', {}, tn('pool.available', pool.available, {})),
      badge(POOL_TONES[pool.status] ?? 'bad', t(`pool-status.${pool.status}`))),
    poolBar(pool),
    // SPEC LIC-12: then more is available than it has of its own.
    pool.draws_on && !pool.drawn ? h('p.quiet', {}, t('pool.may-draw', { object: nameOf(pool.draws_on, names) })) : '',
    pool.drawn ? h('p.quiet', {}, t('pool.drawn', { count: number(pool.drawn), object: nameOf(pool.draws_on, names) })) : '',
    pool.over ? h('p.why', {}, t('pool.over', { count: number(pool.over) })) : '');
}

/** Of a pool with more entries than are shown: which ones are, and the way to the others. */
function moreOf(group, { value, pages, showWhole }) {
  if (!group.whole && group.entries.length >= group.matching) return '';
  const { kind, object, unit } = group;
  const label = group.whole ? t('entries.fewer') : tn('entries.whole', group.matching);
  return h('div.more', { 'data-key': 'more' },
    button('small', label, () => showWhole(group.whole ? null : { kind, object, unit }), { 'data-key': 'whole', 'aria-expanded': String(group.whole) }),
    group.whole ? pages.draw(value.page.next, pages.where(group.entries.length, group.matching)) : '');
}

function poolGroup(group, lists, names) {
  const { pool } = group;
  const columns = ['quantity', 'used', 'available', 'validity', 'status', 'source'];
  return h('div.group', { 'data-key': group.key }, poolHead(group.name, pool, names),
    group.entries.length ? h('table.entries', { 'data-key': 'table' }, h('caption.visually-hidden', {}, group.name),
      h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col' }, t(`entry.${column}`))),
        can('administer') ? h('th', { scope: 'col' }, h('span.visually-hidden', {}, t('entry.actions'))) : '')),
      h('tbody', {}, rows(group, lists.changed))) : '', moreOf(group, lists));
}

export const poolKey = ({ kind, object, unit }) => `${kind} ${object} ${unit}`;

/** Pools of one kind with their entries; an entry that has no pool makes a group all the same. */
function groups(kind, { status, value, filtered }) {
  const all = new Map();
  const group = ({ object, unit }, name) => {
    const key = poolKey({ kind, object, unit });
    if (!all.has(key)) all.set(key, { key, kind, object, unit, name, pool: null, entries: [], matching: 0, whole: false });
    return all.get(key);
  };
  for (const pool of status.pools) if (pool.kind === kind) group(pool, pool.object_name).pool = pool;
  for (const entry of value?.entries.entries ?? []) if (entry.kind === kind) group(entry, entry.object_name).entries.push(entry);
  for (const pool of value?.entries.pools ?? []) if (pool.kind === kind) group(pool, pool.object).matching = pool.matching;
  const whole = value?.page && all.get(value.page.key);
  if (whole) Object.assign(whole, { whole: true, entries: value.page.entries });
  return [...all.values()].filter((one) => !filtered || one.matching);
}

/**
 * `kind`: base or module. `lists`: `status`; `value`, what license.js has loaded, null while it is on its way; `filtered`, whether
 * entries are looked for; `pages` of the pool that is shown whole, and `showWhole(pool)`; `changed()`; `parts`.
 */
export function entriesCard(kind, lists) {
  const all = groups(kind, lists);
  const names = namesOf(lists.status);
  const none = lists.filtered ? 'entries.not-found' : `entries.${kind}.none`;
  const part = (group) => lists.parts.part(group.key, [JSON.stringify([group, names[group.pool?.draws_on], can('administer'), language()])],
    () => poolGroup(group, lists, names));
  return card(kind, t(`entries.${kind}`), all.map(part),
    all.length ? '' : h('p.quiet', { 'data-key': 'none' }, t(lists.value ? none : 'header.loading')));
}
