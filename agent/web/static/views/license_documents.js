// The licenses that were installed or are on a plugged key, newest first.
import { h } from '../dom.js';
import { timeOf } from '../format.js';
import { badge, card, copyButton } from '../parts.js';
import { t } from '../strings.js';
import { statusTone } from './license_entries.js';

function documentRow(license) {
  const cell = (label, ...content) => h('td', { 'data-label': t(label) }, h('div', {}, ...content));
  const { installed } = license;
  return h('tr', { 'data-key': license.document },
    cell('document.id', h('span.with-button', {}, h('code', {}, license.id || license.document.slice(0, 16)),
      license.id ? copyButton(license.id, t('document.id')) : ''), license.customer ? h('div.quiet', {}, license.customer) : ''),
    cell('document.status', badge(statusTone(license.status), t(`status.${license.status}`)),
      license.superseded_by ? h('div.quiet', {}, t('document.superseded-by', { id: license.superseded_by })) : '',
      license.environment?.misfit ? h('div.quiet', {}, license.environment.misfit) : ''),
    cell('document.bound-to', license.key ? h('code', {}, license.key) : t('document.deployment')),
    cell('document.issued', license.issued ? timeOf(license.issued, 'day') : '–'),
    cell('document.stored', t(`stored.${license.stored}`)),
    cell('document.installed', installed ? [timeOf(installed.at), h('div.quiet', {}, installed.by, installed.node_name ? `, ${installed.node_name}` : '')]
      : t('document.came-on-key')));
}

/** `list`: of GET /v1/licenses. */
export function documentsCard(list, pages) {
  const { licenses, next } = list;
  if (!list.total) return h('div', { 'data-key': 'documents', hidden: true });
  const columns = ['id', 'status', 'bound-to', 'issued', 'stored', 'installed'];
  return card('documents', t('document.title'), h('table.entries', {}, h('caption.visually-hidden', {}, t('document.title')),
    h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col' }, t(`document.${column}`))))),
    h('tbody', {}, licenses.map(documentRow))),
  licenses.length ? '' : h('p.quiet', {}, t('license.none')), pages.draw(next, pages.where(licenses.length, list.matching)));
}
