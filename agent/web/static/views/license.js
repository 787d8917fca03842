// License Management: the key, what is licensed, and what can be done about it.
import { Problem, get } from '../api.js';
import { h, morph } from '../dom.js';
import { problemNote } from '../parts.js';
import { t } from '../strings.js';
import { bufferCard, keyCard } from './key_card.js';
import { documentsCard, entriesCard } from './license_entries.js';
import { Upload } from './license_upload.js';

/** What of the status the lists of entries and licenses follow from: usage alone asks for nothing. */
const cause = (status) => JSON.stringify([status.state, status.key, status.license, status.buffer, status.usable,
  status.keys.map((key) => [key.key, key.works, key.license_stored]), status.alerts.map((alert) => alert.id),
  status.pools.map((pool) => [pool.object, pool.unit, pool.total, pool.expired, pool.not_yet_valid, pool.expiring_soon, pool.next_end])]);

class License {
  constructor(shell) {
    this.shell = shell;
    this.element = h('div.license', {});
    this.entries = null;
    this.licenses = null;
    this.upload = new Upload({ redraw: () => shell.refresh(), installed: () => this.fetch() });
  }

  update(status) {
    const now = cause(status);
    if (this.cause !== now) {
      this.cause = now;
      this.fetch();
    }
    morph(this.element, this.draw(status));
  }

  /** What was installed or deleted meanwhile may have left the status as it was. */
  open() {
    if (this.cause) this.fetch();
  }

  async fetch() {
    if (this.fetching) {
      this.again = true;
      return;
    }
    this.fetching = true;
    try {
      const [pools, licenses] = await Promise.all([get('/v1/pools'), get('/v1/licenses')]);
      Object.assign(this, { entries: pools.entries, licenses: licenses.licenses, problem: null });
    } catch (refused) {
      if (!(refused instanceof Problem)) throw refused;
      this.problem = refused;
      this.cause = null; // with the next status
    }
    this.fetching = false;
    this.shell.refresh();
    if (this.again) {
      this.again = false;
      await this.fetch();
    }
  }

  draw(status) {
    const changed = () => this.fetch();
    return h('div.license', {},
      h('h1', { 'data-key': 'title' }, t('nav.license')),
      this.problem ? h('div', { 'data-key': 'problem' }, problemNote(this.problem)) : '',
      h('div.columns', { 'data-key': 'columns' },
        h('div.column', { 'data-key': 'key' }, keyCard(status, () => this.shell.refresh()), bufferCard(status)),
        h('div.column.wide', { 'data-key': 'entries' },
          entriesCard('base', status, this.entries, changed), entriesCard('module', status, this.entries, changed))),
      this.upload.draw(status),
      documentsCard(this.licenses));
  }
}

export default { name: 'license', needs: 'view', create: (shell) => new License(shell) };
