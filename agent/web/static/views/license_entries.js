// What is licensed: pools with their entries, and the licenses that these come from (SPEC POOL-1, LIC-9).
import { remove } from '../api.js';
import { ask } from '../dialog.js';
import { announce, h } from '../dom.js';
import { number, timeOf } from '../format.js';
import { badge, button, card, copyButton, namesOf, poolBar, prose, unitName } from '../parts.js';
import { can } from '../session.js';
import { said, t, tn } from '../strings.js';

const TONES = { valid: 'good', 'expiring-soon': 'warn', 'not-yet-valid': 'info', 'server-unavailable': 'warn', superseded: 'quiet', hidden: 'quiet', 'key-absent': 'quiet' };
const tone = (status) => TONES[status] ?? 'bad';
const POOL_TONES = { ok: 'good', 'usage-reaches-limit': 'warn', 'over-quota': 'bad', 'server-unavailable': 'warn' };

const nameOf = (object, names) => names[object] ?? object;

/** SPEC LIC-2: why a license cannot be deleted; empty: it can. */
function whyKept(entry, entries) {
  if (entry.source !== 'file') return t(`delete.not.${entry.source}`);
  const base = entries.some((other) => other.license === entry.license && other.kind === 'base');
  return base ? t('delete.not.base') : '';
}

function confirmDelete(entry, entries, changed) {
  const kept = whyKept(entry, entries);
  if (kept) return ask({ title: t('delete.not.title'), body: h('p', {}, kept) });
  const all = entries.filter((other) => other.license === entry.license);
  return ask({
    title: t('delete.title'),
    body: [h('p', {}, t('delete.text', { license: entry.license })), h('ul', {}, all.map((one) => h('li', {}, one.object_name, ': ',
      number(one.quantity), ' ', unitName(one))))],
    action: t('delete.action'),
    tone: 'danger',
    run: async () => {
      await remove(`/v1/licenses/${encodeURIComponent(entry.license)}`);
      announce(t('delete.done', { license: entry.license }));
      await changed();
    },
  });
}

function source(entry) {
  const key = entry.key && entry.source !== 'file' ? h('code', {}, ` ${entry.key}`) : '';
  return h('span', {}, t(`source.${entry.source}`), key);
}

function validity(entry) {
  return h('span', {}, timeOf(entry.not_before, 'day'), ' – ', timeOf(entry.ends, 'day'),
    h('span.quiet', {}, ' ', timeOf(entry.ends, 'relative')));
}

function entryRow(entry, pool, entries, changed) {
  const cell = (label, ...content) => h('td', { 'data-label': t(label) }, h('div', {}, ...content));
  const kept = whyKept(entry, entries);
  const counts = pool && entry.counts; // used and available are of the pool: of all its entries that count
  return h('tr', { 'data-key': `${entry.document} ${entry.object} ${entry.unit} ${entry.kind} ${entry.not_before}` },
    cell('entry.quantity', h('b', {}, number(entry.quantity)), ' ', unitName(entry)),
    cell('entry.used', counts ? number(pool.used) : '–'), cell('entry.available', counts ? number(pool.available) : '–'),
    cell('entry.validity', validity(entry)),
    cell('entry.status', badge(tone(entry.status), t(`status.${entry.status}`)),
      entry.counts ? '' : h('div.quiet', {}, prose(said('status', entry.status, entry.why)), entry.detail ? ` ${entry.detail}` : '')),
    cell('entry.source', source(entry), h('div.quiet', {}, entry.license)),
    can('administer') ? h('td.actions', {}, button('small', t('delete.button'), () => confirmDelete(entry, entries, changed),
      { 'aria-label': t('delete.what', { object: entry.object_name, license: entry.license }), title: kept || null,
        class: kept ? 'small muted' : 'small' })) : '');
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

function poolGroup(group, entries, changed, names) {
  const { pool } = group;
  const columns = ['quantity', 'used', 'available', 'validity', 'status', 'source'];
  return h('div.group', { 'data-key': group.key }, poolHead(group.name, pool, names),
    group.entries.length ? h('table.entries', {}, h('caption.visually-hidden', {}, group.name),
      h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col' }, t(`entry.${column}`))),
        can('administer') ? h('th', { scope: 'col' }, h('span.visually-hidden', {}, t('entry.actions'))) : '')),
      h('tbody', {}, group.entries.map((entry) => entryRow(entry, pool, entries, changed)))) : '');
}

/** Pools of one kind with their entries; an entry that has no pool makes a group all the same. */
function groups(kind, status, entries) {
  const all = new Map();
  const group = (object, unit, name) => {
    const key = `${object} ${unit}`;
    if (!all.has(key)) all.set(key, { key, name, pool: null, entries: [] });
    return all.get(key);
  };
  for (const pool of status.pools) if (pool.kind === kind) group(pool.object, pool.unit, pool.object_name).pool = pool;
  for (const entry of entries) {
    if (entry.kind === kind) group(entry.object, entry.unit, entry.object_name).entries.push(entry);
  }
  return [...all.values()];
}

/** `kind`: base or module. `entries`: of GET /v1/pools, null while they are on their way. */
export function entriesCard(kind, status, entries, changed) {
  const all = groups(kind, status, entries ?? []);
  const names = namesOf(status);
  return card(kind, t(`entries.${kind}`),
    all.map((group) => poolGroup(group, entries ?? [], changed, names)),
    all.length ? '' : h('p.quiet', { 'data-key': 'none' }, t(entries ? `entries.${kind}.none` : 'header.loading')));
}

function documentRow(license) {
  const cell = (label, ...content) => h('td', { 'data-label': t(label) }, h('div', {}, ...content));
  const { installed } = license;
  return h('tr', { 'data-key': license.document },
    cell('document.id', h('span.with-button', {}, h('code', {}, license.id || license.document.slice(0, 16)),
      license.id ? copyButton(license.id, t('document.id')) : ''), license.customer ? h('div.quiet', {}, license.customer) : ''),
    cell('document.status', badge(tone(license.status), t(`status.${license.status}`)),
      license.superseded_by ? h('div.quiet', {}, t('document.superseded-by', { id: license.superseded_by })) : '',
      license.environment?.misfit ? h('div.quiet', {}, license.environment.misfit) : ''),
    cell('document.bound-to', license.key ? h('code', {}, license.key) : t('document.deployment')),
    cell('document.issued', license.issued ? timeOf(license.issued, 'day') : '–'),
    cell('document.stored', t(`stored.${license.stored}`)),
    cell('document.installed', installed ? [timeOf(installed.at), h('div.quiet', {}, installed.by, installed.node_name ? `, ${installed.node_name}` : '')]
      : t('document.came-on-key')));
}

/** Every license that was installed or is on a plugged key, newest first. */
export function documentsCard(licenses) {
  if (!licenses?.length) return '';
  const columns = ['id', 'status', 'bound-to', 'issued', 'stored', 'installed'];
  return card('documents', t('document.title'), h('table.entries', {}, h('caption.visually-hidden', {}, t('document.title')),
    h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col' }, t(`document.${column}`))))),
    h('tbody', {}, licenses.map(documentRow))));
}
