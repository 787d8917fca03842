// Installing licenses from files (SPEC LIC-4 to LIC-10), and what is sent when ordering one (SPEC REQ-1).
import { download, upload } from '../api.js';
import { announce, h } from '../dom.js';
import { number } from '../format.js';
import { badge, button, card, inItsWords, problemNote, prose, unitName } from '../parts.js';
import { can } from '../session.js';
import { gap, said, t, tn } from '../strings.js';

const MOST_BYTES = 16 * 1024 * 1024; // of an upload; the agent refuses more

const LISTED = 10; // documents of a file, and entries of a document; the refused ones are first

const RESULT_TONES = { installed: 'good', 'in-force': 'good', refused: 'bad' };

function documentResult(one) {
  const refused = one.result === 'refused';
  return h('li', {}, h('div.with-button', {}, badge(RESULT_TONES[one.result] ?? 'quiet', t(`result.${one.result}`)), h('b', {}, one.id || one.name),
    one.customer ? h('span.quiet', {}, one.customer) : '', one.code ? h('code', {}, one.code) : ''),
  refused ? h('p.why', {}, prose(said('error', one.code, one.message)), h('span.cure', {}, gap(), prose(said('cure', one.code, one.cure)),
    inItsWords(one.message, said('error', one.code, one.message)))) : '',
  one.key_storage ? h('p.quiet', {}, said('key-storage', one.key_storage.state, one.key_storage.message)) : '',
  one.entries?.length ? h('ul.plain', {}, one.entries.slice(0, LISTED).map((entry) => h('li', {}, entry.object_name, ': ', number(entry.quantity), ' ', unitName(entry), ' ',
    refused ? '' : badge(entry.status === 'valid' ? 'good' : 'info', t(`status.${entry.status}`)))), more(one.entries, LISTED)) : '');
}

const more = (list, shown) => (list.length > shown ? h('li.quiet', {}, tn('list.more', list.length - shown)) : '');

function counts(succeeded, failed) {
  return h('p.counts', {}, badge(succeeded ? 'good' : 'quiet', tn('upload.succeeded', succeeded)), ' ',
    badge(failed ? 'bad' : 'quiet', tn('upload.failed', failed)));
}

/** Of several files together; one that was refused whole counts as one. */
function total(files) {
  if (files.length < 2 || files.some((file) => file.state !== 'done')) return '';
  const sum = (pick) => files.reduce((all, file) => all + pick(file), 0);
  return h('div.headline', { 'data-key': 'total' }, h('h3', {}, tn('upload.files', files.length)),
    counts(sum((file) => file.answer?.succeeded ?? 0), sum((file) => file.answer?.failed || (file.problem ? 1 : 0))));
}

/** SPEC LIC-6: how many entries succeeded and failed, and why for each document. */
function outcome(answer) {
  const missing = (answer.nodes ?? []).filter((node) => !node.has);
  const documents = [...answer.documents ?? []].sort((a, b) => (b.result === 'refused') - (a.result === 'refused'));
  return [counts(answer.succeeded, answer.failed),
  h('ul.list', {}, documents.slice(0, LISTED).map(documentResult), more(documents, LISTED)),
  // SPEC LIC-10.
  missing.length ? h('p.note.warn', {}, t('upload.not-yet', { nodes: missing.map((node) => node.name).join(', ') })) : ''];
}

function fileResult(file) {
  const head = h('div.with-button', {}, h('b', {}, file.name),
    file.state === 'waiting' ? badge('quiet', t('upload.waiting')) : '');
  if (file.state === 'sending') {
    return h('li', { 'data-key': file.key }, head, h('progress', { max: 1, value: file.progress, 'aria-label': t('upload.progress', { name: file.name }) }),
      h('span.quiet', {}, ' ', file.progress < 1 ? `${Math.round(100 * file.progress)} %` : t('upload.checking')));
  }
  const problem = file.problem && !file.problem.body?.documents?.length ? problemNote(file.problem) : '';
  return h('li', { 'data-key': file.key }, head, problem, file.answer ? outcome(file.answer) : '');
}

export class Upload {
  constructor({ redraw, installed }) {
    Object.assign(this, { redraw, installed });
    this.files = [];
    this.made = 0;
  }

  /** One after another: a base license may be in the first, its modules in the second. */
  async take(files) {
    const added = Array.from(files, (file) => ({ file, name: file.name, key: String(++this.made), state: 'waiting', progress: 0 }));
    if (!added.length) return;
    const idle = !this.files.some((one) => one.state === 'waiting' || one.state === 'sending');
    this.files = idle ? added : [...this.files, ...added];
    this.redraw();
    if (!idle) return;
    for (let next; (next = this.files.find((one) => one.state === 'waiting'));) await this.send(next);
    await this.installed();
  }

  async send(one) {
    one.state = 'sending';
    this.redraw();
    try {
      if (one.file.size > MOST_BYTES) throw Object.assign(new Error(t('upload.too-large')), { cure: t('upload.too-large.cure') });
      one.answer = await upload('/v1/licenses', one.file, (progress) => {
        one.progress = progress;
        this.redraw();
      });
    } catch (problem) {
      one.problem = problem;
      if (problem.body?.documents) one.answer = problem.body;
    }
    one.state = 'done';
    announce(one.answer ? `${one.name}: ${tn('upload.succeeded', one.answer.succeeded)}, ${tn('upload.failed', one.answer.failed)}`
      : `${one.name}: ${one.problem.detail ?? one.problem.message}`);
    this.redraw();
  }

  async requestKey(status) {
    this.refused = null;
    try {
      await download('/v1/request-key', `request-key-${status.deployment.id.slice(0, 12)}.json`);
    } catch (problem) {
      this.refused = problem;
    }
    this.redraw();
  }

  chosen(input) {
    this.take([...input.files]);
    input.value = ''; // so that the same file can be chosen again
  }

  over(event, state) {
    event.preventDefault();
    event.currentTarget.classList.toggle('over', state);
  }

  dropZone() {
    if (!can('administer')) return h('p.quiet', { 'data-key': 'drop' }, t('upload.administrators'));
    return h('div.drop', { 'data-key': 'drop', ondragover: (event) => this.over(event, true), ondragleave: (event) => this.over(event, false),
      ondrop: (event) => { this.over(event, false); this.take(event.dataTransfer.files); } },
    h('input.visually-hidden', { type: 'file', multiple: true, tabindex: '-1', 'aria-hidden': 'true', onchange: (event) => this.chosen(event.target) }),
    button('primary', t('upload.choose'), (event) => event.currentTarget.previousElementSibling.click()), h('span', {}, ' ', t('upload.drop')),
    h('p.quiet', {}, t('upload.kinds')));
  }

  draw(status) {
    return card('upload', t('upload.title'), this.dropZone(),
      total(this.files),
      this.files.length ? h('ul.list.files', { 'data-key': 'files', 'aria-label': t('upload.results') }, this.files.map(fileResult)) : '',
      h('div.request-key', { 'data-key': 'request-key' }, button('', t('request-key.download'), () => this.requestKey(status)),
        h('span.quiet', {}, ' ', t('request-key.text'))),
      this.refused ? problemNote(this.refused) : '');
  }
}
