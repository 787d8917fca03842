// License Management: the key, what is licensed, and what can be done about it.
import { get, withQuery } from '../api.js';
import { announce, h, morph, Parts } from '../dom.js';
import { Fetched } from '../fetched.js';
import { number } from '../format.js';
import { Pages } from '../pages.js';
import { card, problemNote } from '../parts.js';
import { language, t, tn } from '../strings.js';
import { documentsCard } from './license_documents.js';
import { entriesCard, poolKey } from './license_entries.js';
import { bufferCard, keyCard } from './key_card.js';
import { Upload } from './license_upload.js';

const FEW = 60; // so many entries are shown at once; of more, the first ones of each pool
const EACH = 3;
const MOST = 1000; // in one answer
const PAGE = 50;
const DOCUMENTS = 25;
const REST = 500;
const STATUSES = ['valid', 'expiring-soon', 'expired', 'not-yet-valid', 'base-missing', 'hidden', 'superseded', 'key-absent', 'environment-mismatch',
  'server-unavailable', 'server-lost'];

/** What of the status the lists of entries and licenses follow from: usage alone asks for nothing. */
const cause = (status) => JSON.stringify([status.revisions.licenses, status.state, status.key, status.license, status.buffer, status.usable,
  status.keys.map((key) => [key.key, key.works, key.license_stored]), status.alerts.map((alert) => alert.id),
  status.pools.map((pool) => [pool.object, pool.unit, pool.total, pool.expired, pool.not_yet_valid, pool.expiring_soon, pool.next_end])]);

class License {
  constructor(shell) {
    this.shell = shell;
    this.element = h('div.license', {});
    this.parts = new Parts();
    this.data = new Fetched(() => this.load(), () => shell.refresh(), REST);
    this.filter = {};
    this.few = false;
    this.whole = null; // the pool that is shown page by page
    this.entryPages = new Pages(() => this.data.fetch());
    this.documentPages = new Pages(() => this.data.fetch());
    this.upload = new Upload({ redraw: () => shell.refresh(), installed: () => this.data.fetch() });
  }

  /** Everything at once while that is little: whether it is, the agent says. */
  async load() {
    for (;;) {
      const lists = await this.loadLists();
      const few = lists.entries.total <= FEW;
      if (few === this.few || (few && lists.complete)) return lists;
      this.few = few;
    }
  }

  async loadLists() {
    const { filter, whole } = this;
    const [entries, page, licenses] = await Promise.all([
      get(withQuery('/v1/entries', { ...filter, each: this.few ? 0 : EACH, limit: MOST })),
      whole && get(withQuery('/v1/entries', { ...filter, ...whole, after: this.entryPages.place, limit: PAGE })),
      get(withQuery('/v1/licenses', { ...filter, entries: 'none', after: this.documentPages.place, limit: DOCUMENTS }))]);
    // A list may have become shorter than where one is in it.
    const beyond = [[this.entryPages, page?.entries], [this.documentPages, licenses.licenses]].filter(([pages, list]) => !pages.atBeginning && !list?.length);
    if (beyond.length) {
      for (const [pages] of beyond) pages.reset();
      return this.loadLists();
    }
    return { entries, complete: entries.entries.length === entries.matching, licenses, page: page && { ...page, key: poolKey(whole), place: this.entryPages.place } };
  }

  /** What the status says was known before the lists are asked for, so that none is older than it. */
  open() {
    if (this.shell.status()) this.data.begin();
  }

  update(status) {
    this.data.follow(cause(status), status);
    morph(this.element, this.draw(status));
  }

  async choose(event) {
    event.preventDefault();
    const { text, status } = Object.fromEntries(new FormData(event.target));
    this.filter = { text: text.trim(), status };
    this.entryPages.reset();
    this.documentPages.reset();
    await this.data.fetch();
    announce(this.matches());
  }

  /** All entries of that pool, page by page; none: the first ones of each again. */
  async showWhole(pool) {
    this.whole = pool;
    this.entryPages.reset();
    await this.data.fetch();
  }

  matches() {
    const { matching, total } = this.data.value.entries;
    if (matching === total) return tn('license.count', total);
    return tn('license.matches', total, { matching: number(matching), total: number(total) });
  }

  /** Only where there is too much to look through. */
  tools() {
    const { value } = this.data;
    const filtered = this.filter.text || this.filter.status;
    if (!value || (value.complete && !value.licenses.next && !filtered && this.documentPages.atBeginning)) return '';
    const option = (status) => h('option', { value: status }, t(`status.${status}`));
    return card('find', t('license.find'), h('form.tools', { 'data-key': 'filter', role: 'search', onsubmit: (event) => this.choose(event) },
      h('label', {}, t('license.text'), h('input', { name: 'text', maxlength: 64, autocomplete: 'off' })),
      h('label', {}, t('entry.status'), h('select', { name: 'status' }, h('option', { value: '' }, t('records.any')), STATUSES.map(option))),
      h('button.primary', { type: 'submit' }, t('records.filter')), h('p.quiet.where', { 'data-key': 'matches' }, this.matches())));
  }

  draw(status) {
    const { value, problem } = this.data;
    const lists = { status, value, pages: this.entryPages, filtered: Boolean(this.filter.text || this.filter.status), parts: this.parts,
      showWhole: (pool) => this.showWhole(pool), changed: () => this.data.fetch() };
    return h('div.license', {},
      h('h1', { 'data-key': 'title' }, t('nav.license')),
      problem ? h('div', { 'data-key': 'problem' }, problemNote(problem)) : '',
      h('div.columns', { 'data-key': 'columns' },
        h('div.column', { 'data-key': 'key' }, keyCard(status, () => this.shell.refresh()), bufferCard(status)),
        h('div.column.wide', { 'data-key': 'entries' }, this.tools(), entriesCard('base', lists), entriesCard('module', lists))),
      this.upload.draw(status),
      value ? this.parts.part('documents', [value.licenses, language()], () => documentsCard(value.licenses, this.documentPages)) : '');
  }
}

export default { name: 'license', needs: 'view', create: (shell) => new License(shell) };
