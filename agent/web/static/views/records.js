// What happened, newest first (SPEC REC-1, REC-2): filter, page, export, and a check of the whole chain.
import { get, withQuery } from '../api.js';
import { announce, h, morph } from '../dom.js';
import { Fetched } from '../fetched.js';
import { number, timeOf } from '../format.js';
import { Pages } from '../pages.js';
import { badge, button, card, problemNote, unitName } from '../parts.js';
import { t, tn } from '../strings.js';
import { table } from '../table.js';
import { exportRecords } from './records_export.js';

const PAGE = 50;
const LOGS = { events: '/v1/records', licenses: '/v1/records/licenses' };
const RESULTS = { events: ['done', 'refused', 'failed', 'warning'],
  licenses: ['valid', 'expiring-soon', 'expired', 'not-yet-valid', 'superseded', 'deleted', 'revoked'] };
const KINDS = { licenses: ['base', 'module'],
  events: ['state-changed', 'buffer-started', 'buffer-ended', 'key-read', 'key-gone', 'license-imported', 'license-deleted',
    'license-withdrawn', 'import-refused', 'trust-installed', 'lease-released', 'consumer-terms', 'leases-taken', 'account-set', 'account-deleted',
    'token-created', 'identity-enrolled', 'identity-revoked', 'node-started', 'node-stopped', 'node-joined', 'node-factors', 'peer-lost',
    'peer-found', 'upstream-connected', 'upstream-disconnected', 'upstream-held', 'upstream-lost', 'clock-jumped', 'time-repaired', 'history-warning'] };
const TONES = { done: 'good', refused: 'warn', failed: 'bad', warning: 'warn', valid: 'good', 'expiring-soon': 'warn', expired: 'bad', revoked: 'bad' };
const COLUMNS = { events: ['at', 'kind', 'result', 'text', 'by', 'node'].map((name) => `records.events.${name}`),
  licenses: ['at', 'license', 'holds', 'kind', 'method', 'result', 'issued', 'validity', 'by'].map((name) => `records.licenses.${name}`) };
const REST = 1000;

/** Every fact is a record; what follows from time alone shows in the state. */
const cause = (status) => JSON.stringify([status.revisions, status.state, status.buffer?.until, status.peer, status.alerts.map((alert) => alert.id)]);

/** A later agent may know more kinds than we do. */
const kindName = (kind) => (KINDS.events.includes(kind) ? t(`kind.${kind}`) : kind);

const cellOf = {
  events: (record) => [timeOf(record.at), kindName(record.kind),
    badge(TONES[record.result] ?? 'quiet', t(`result.${record.result}`)),
    [record.text, record.from ? h('div.quiet', {}, record.from) : ''], record.by, record.node_name || record.node.slice(0, 8)],
  licenses: (record) => [timeOf(record.at), [h('code', {}, record.license), h('div.quiet', {}, record.customer)],
    t('consumers.quantity', { quantity: number(record.quantity), object: record.object_name, unit: unitName(record) }),
    t(`kind.${record.kind}`), t(`method.${record.method}`), badge(TONES[record.status] ?? 'quiet', t(`status.${record.status}`)),
    timeOf(record.issued, 'day'), [timeOf(record.not_before, 'day'), ' – ', timeOf(record.not_after, 'day')], record.by],
};

class Records {
  constructor(shell) {
    this.shell = shell;
    this.element = h('div.stack', {});
    this.log = 'events';
    this.filter = {};
    this.pages = new Pages(() => this.data.fetch(), ['page.newest', 'page.older']);
    this.data = new Fetched(() => get(this.path({ limit: PAGE, before: this.pages.place })), () => shell.refresh(), REST);
  }

  path(more = {}) {
    return withQuery(LOGS[this.log], { ...this.filter, ...more });
  }

  open() {
    this.data.begin();
  }

  update(status) {
    if (this.pages.atBeginning) this.data.follow(cause(status), status); // an older page changes no more
    morph(this.element, this.draw());
  }

  choose(event) {
    event.preventDefault();
    this.filter = Object.fromEntries([...new FormData(event.target)].map(([name, value]) => [name, value.trim()]));
    this.pages.turn([0]);
  }

  show(log) {
    Object.assign(this, { log, filter: {} });
    this.data.value = null;
    this.pages.turn([0]);
    this.shell.refresh();
  }

  async verify() {
    try {
      const found = await get('/v1/records/verify');
      this.verdict = h('p.note.info', {}, tn('records.verified', found.facts));
    } catch (refused) {
      this.verdict = problemNote(refused);
    }
    announce(this.verdict.textContent);
    this.shell.refresh();
  }

  async save(format) {
    this.saving = t('records.exporting');
    this.shell.refresh();
    try {
      await exportRecords((more) => this.path(more), format, `latchkey-${this.log}.${format}`);
      this.saving = '';
    } catch (refused) {
      this.saving = problemNote(refused);
    }
    this.shell.refresh();
  }

  choice(name, values, label) {
    return h('label', {}, t(`records.${name}`), h('select', { name }, h('option', { value: '' }, t('records.any')),
      values.map((value) => h('option', { value }, label(value)))));
  }

  /** Of each log its own, so that a filter of one is not left in the other. */
  filters() {
    const result = this.log === 'events' ? 'result' : 'status';
    return h('form.tools', { 'data-key': `filter-${this.log}`, role: 'search', onsubmit: (event) => this.choose(event) },
      this.choice('kind', KINDS[this.log], (kind) => t(`kind.${kind}`)),
      this.choice('result', RESULTS[this.log], (one) => t(`${result}.${one}`)),
      h('label', {}, t('records.who'), h('input', { name: 'who', maxlength: 64, autocomplete: 'off' })),
      h('label', {}, t('records.text'), h('input', { name: 'text', maxlength: 64, autocomplete: 'off' })),
      h('label', {}, t('records.since'), h('input', { name: 'since', type: 'date' })),
      h('label', {}, t('records.until'), h('input', { name: 'until', type: 'date' })),
      h('button.primary', { type: 'submit' }, t('records.filter')));
  }

  list() {
    const { value, problem } = this.data;
    if (!value) return h('p.quiet', { 'data-key': 'none' }, problem ? '' : t('header.loading'));
    if (!value.records.length && !value.next) return h('p.quiet', { 'data-key': 'none' }, t('records.none'));
    const rows = value.records.map((record, index) => ({ key: `${record.position}-${record.kind}-${record.object ?? ''}-${index}`, cells: cellOf[this.log](record) }));
    return h('div.records', { 'data-key': this.log }, table(`records.${this.log}`, t(`records.${this.log}`), COLUMNS[this.log], rows));
  }

  draw() {
    const which = (log) => button(this.log === log ? 'primary' : '', t(`records.${log}`), () => this.show(log), { 'aria-pressed': String(this.log === log) });
    return h('div.stack', {},
      h('h1', { 'data-key': 'title' }, t('nav.records')),
      h('div.tools', { 'data-key': 'logs', role: 'group', 'aria-label': t('nav.records') }, which('events'), which('licenses'), h('span.grow', {}),
        button('', t('records.csv'), () => this.save('csv')), button('', t('records.json'), () => this.save('json')),
        button('', t('records.verify'), () => this.verify())),
      this.saving ? h('div', { 'data-key': 'saving' }, this.saving) : '', this.verdict ? h('div', { 'data-key': 'verdict' }, this.verdict) : '',
      card('records', t(`records.${this.log}`), this.filters(),
        this.data.problem ? h('div', { 'data-key': 'problem' }, problemNote(this.data.problem)) : '', this.list(), this.pages.draw(this.data.value?.next)));
  }
}

export default { name: 'records', needs: 'view', create: (shell) => new Records(shell) };
