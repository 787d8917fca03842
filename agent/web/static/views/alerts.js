// Every alert with what it wants from people (SPEC ALERT-1); the banners above say the same, shorter.
import { h, morph } from '../dom.js';
import { timeOf } from '../format.js';
import { SEVERITIES, alertText, badge, facts, namesOf } from '../parts.js';
import { t, tn } from '../strings.js';

function item(alert, names) {
  const { text, cure } = alertText(alert, names);
  return h('li.card.alert', { 'data-key': alert.id },
    h('div.headline', {}, badge(SEVERITIES[alert.severity] ?? 'info', t(`alerts.severity.${alert.severity}`)), h('h2', {}, text)),
    facts([
      [t('alerts.cure'), cure],
      [t('alerts.since'), [timeOf(alert.since), ' (', timeOf(alert.since, 'relative'), ')']],
      [t('alerts.until'), alert.until ? [timeOf(alert.until), ' (', timeOf(alert.until, 'left'), ')'] : ''],
      [t('alerts.id'), h('code', {}, alert.id)],
    ]));
}

class Alerts {
  constructor() {
    this.element = h('div.stack', {});
  }

  update(status) {
    const names = namesOf(status);
    morph(this.element, h('div.stack', {},
      h('h1', { 'data-key': 'title' }, t('nav.alerts')),
      h('p.quiet', { 'data-key': 'count' }, status.alerts.length ? tn('alerts.count', status.alerts.length) : t('alerts.none')),
      h('ul.stack', { 'data-key': 'list', 'aria-label': t('nav.alerts') }, status.alerts.map((alert) => item(alert, names)))));
  }
}

export default { name: 'alerts', needs: 'view', create: () => new Alerts() };
