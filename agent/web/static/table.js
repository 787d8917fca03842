// Tables that become small cards on a narrow screen (style.css: table.entries).
import { h } from './dom.js';
import { t } from './strings.js';

/**
 * `columns`: the strings of the headings. `rows`: of `{ key, cells }` with what stands in each column, and `actions` (nodes)
 * when `withActions`. `name` tells the table from others.
 */
export function table(name, caption, columns, rows, withActions = false) {
  const actions = () => h('th', { scope: 'col' }, h('span.visually-hidden', {}, t('entry.actions')));
  return h('table.entries', { 'data-key': `table-${name}` }, h('caption.visually-hidden', {}, caption),
    h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col' }, t(column))), withActions ? actions() : '')),
    h('tbody', {}, rows.map((row) => h('tr', { 'data-key': row.key },
      row.cells.map((cell, index) => h('td', { 'data-label': t(columns[index]) }, cell)),
      withActions ? h('td.actions', {}, row.actions ?? '') : ''))));
}
