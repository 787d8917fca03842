// The USB key of the deployment: its state, why, and what to do (SPEC KEY-1 to KEY-10, BUF-8, BUF-9).
import { post } from '../api.js';
import { announce, h } from '../dom.js';
import { timeOf } from '../format.js';
import { STATE_TONES } from '../header.js';
import { badge, button, card, copyButton, facts, problemNote, prose } from '../parts.js';
import { can } from '../session.js';
import { gap, said, t } from '../strings.js';

let refused = null; // why the last Refresh was not taken

async function refresh(redraw) {
  refused = null;
  try {
    await post('/v1/key/refresh');
    announce(t('key.refreshing'));
  } catch (problem) {
    refused = problem;
  }
  redraw();
}

/** Of several reasons, as `unreadable,busy`, the first has the words. */
const first = (reason) => reason.split(',')[0];

function nodeName(status, id) {
  return status.deployment.nodes.find((node) => node.id === id)?.name || id.slice(0, 8);
}

function why(status) {
  if (!status.reason) return h('p.why', { 'data-key': 'why' }, t('key.ready'));
  const message = said('reason', first(status.reason), status.message);
  const cure = status.cure && said('reason-cure', first(status.reason), status.cure);
  return h('p.why', { 'data-key': 'why' }, prose(message), cure ? h('span.cure', {}, gap(), prose(cure)) : '');
}

function keyId(status) {
  if (!status.key) return '';
  return h('span.with-button', {}, h('code.key-id', {}, status.key), copyButton(status.key, t('key.id')));
}

function lastReading(status) {
  if (status.reading) return h('span.reading', {}, t('key.reading'));
  return status.read_at ? timeOf(status.read_at, 'relative') : '';
}

function forecast(status) {
  const until = status.if_removed_now?.until;
  return until ? [t('key.buffer-until'), ' ', timeOf(until, 'day'), ' (', timeOf(until, 'left'), ')'] : '';
}

function plugged(status, key) {
  const reason = key.reason && said('reason', key.reason, key.message);
  const cure = key.reason && said('reason-cure', key.reason, key.cure);
  return h('li', { 'data-key': `${key.node} ${key.port}` },
    h('div.with-button', {}, h('code', {}, key.key || t('key.unknown-id')),
      key.works ? badge('good', t('key.works')) : badge('bad', t('key.fails')),
      key.emulated ? badge('info', t('key.emulated')) : '',
      key.key && key.key !== status.key ? copyButton(key.key, t('key.id')) : ''),
    h('div.quiet', {}, t('key.where', { node: nodeName(status, key.node), port: key.port }), gap(),
      t('key.read'), ' ', timeOf(key.read_at, 'relative')),
    reason ? h('p.why', {}, prose(reason), gap(), h('span.cure', {}, prose(cure))) : '',
    key.detail && !key.works ? h('p.quiet', {}, key.detail) : '');
}

function readers(status) {
  return status.devices_without_key.map((device) => h('li', { 'data-key': device.port },
    h('div', {}, device.device || device.port), h('div.quiet', {}, device.detail)));
}

export function keyCard(status, redraw) {
  const inUse = status.keys.find((key) => key.key === status.key && key.works);
  return card('key', t('key.title'),
    h('div.headline', { 'data-key': 'state' }, badge(`${STATE_TONES[status.state] ?? 'quiet'}.big`, t(`state.${status.state}`)),
      h('span.grow', {}), can('operate') ? button('', t('key.refresh'), () => refresh(redraw), { 'aria-describedby': 'title-key' }) : ''),
    why(status), refused ? problemNote(refused) : '',
    facts([[t('key.id'), keyId(status)], [t('key.node'), inUse ? nodeName(status, inUse.node) : ''],
      [t('key.last-reading'), lastReading(status)], [t('key.if-removed'), forecast(status)],
      [t('key.license'), status.license ? h('code', {}, status.license.id) : ''],
      [t('key.license-until'), status.license ? [timeOf(status.license.entries_until, 'day'), ' (',
        timeOf(status.license.entries_until, 'relative'), ')'] : '']]),
    status.keys.length ? [h('h3', {}, t('key.plugged')), h('ul.list', {}, status.keys.map((key) => plugged(status, key)))] : '',
    status.devices_without_key.length ? [h('h3', {}, t('key.readers')), h('ul.list', {}, readers(status))] : '');
}

/** SPEC BUF-8. */
export function bufferCard(status) {
  const { buffer } = status;
  if (!buffer) return '';
  return card('buffer', t('buffer.title'),
    h('p.countdown', { 'data-key': 'left' }, buffer.running ? timeOf(buffer.entries_until, 'left') : t('buffer.over')),
    h('p', { 'data-key': 'why' }, t(buffer.running ? 'buffer.running' : 'buffer.over.text')),
    facts([[t('buffer.key'), h('code', {}, buffer.key)], [t('buffer.since'), timeOf(buffer.since)],
      [t('buffer.until'), timeOf(buffer.entries_until)]]));
}
