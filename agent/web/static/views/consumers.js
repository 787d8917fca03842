// Who holds what (SPEC POOL-7): since when, when it was heard last, and taking it away.
import { get, post, withQuery } from '../api.js';
import { ask } from '../dialog.js';
import { announce, h, morph } from '../dom.js';
import { Fetched } from '../fetched.js';
import { number, timeOf } from '../format.js';
import { Pages } from '../pages.js';
import { badge, button, card, problemNote, reasonField, unitName } from '../parts.js';
import { can } from '../session.js';
import { gap, t } from '../strings.js';
import { table } from '../table.js';

const PAGE = 100;
const COLUMNS = ['consumers.name', 'consumers.holds', 'consumers.owner', 'consumers.since', 'consumers.heard', 'consumers.expires'];

/** Usage changes as fast as products like; who looks at it can wait for that long. */
const REST = 2000;

/** The usage of pools, from which the list follows; who keeps the leases is on record. */
const cause = (status) => JSON.stringify([status.revisions.records, status.pools.map((pool) => [pool.object, pool.unit, pool.used])]);

/** The answer; when the other node keeps the leases, `{ elsewhere }` with what is known of it (SPEC SRV-4). */
async function orElsewhere(answer) {
  try {
    return await answer;
  } catch (refused) {
    if (refused.code !== 'not-holder') throw refused;
    const [holder, peer] = await Promise.all([get('/v1/server/holder'), get('/v1/peer')]);
    return { elsewhere: { holder, peer } };
  }
}

/** Without the port, which is that of the link between the nodes. */
const hostOf = (address) => address.replace(/:\d+$/, '');

/** Where the page of the node with the virtual address is: it listens there as here. */
function pageAt(address) {
  const port = location.port ? `:${location.port}` : '';
  return `https://${address.includes(':') ? `[${address}]` : address}${port}/#/consumers`;
}

function elsewhereNote({ holder, peer }) {
  const node = holder.name || holder.node.slice(0, 8);
  const where = () => {
    if (holder.vip) return [t('consumers.elsewhere.vip'), gap(), h('a', { href: pageAt(holder.vip.address) }, holder.vip.address)];
    return peer.address ? [t('consumers.elsewhere.address'), gap(), h('code', {}, hostOf(peer.address))] : [];
  };
  return h('div.note.info', { 'data-key': 'elsewhere' }, h('strong', {}, t('consumers.elsewhere', { node })), gap(),
    h('span', {}, t('consumers.elsewhere.text', { node })), gap(), h('span', {}, where()));
}

function quantities(list, pools) {
  return h('ul', {}, list.map(({ object, unit, quantity }) => {
    const pool = pools.find((one) => one.object === object && one.unit === unit);
    return h('li', {}, t('consumers.quantity', { quantity: number(quantity), object: pool?.object_name ?? object, unit: unitName(pool ?? { unit, unit_name: unit }) }));
  }));
}

class Consumers {
  constructor(shell) {
    this.shell = shell;
    this.element = h('div.stack', {});
    this.pages = new Pages(() => this.data.fetch());
    this.wanted = '';
    this.data = new Fetched(() => this.load(), () => shell.refresh(), REST);
  }

  load() {
    return orElsewhere(this.wanted ? get(`/v1/consumers/${encodeURIComponent(this.wanted)}`).then((one) => ({ consumers: [one], next: 0 }))
      : get(withQuery('/v1/consumers', { limit: PAGE, after: this.pages.place })));
  }

  open() {
    this.data.begin();
  }

  update(status) {
    this.data.follow(cause(status), status);
    morph(this.element, this.draw(status));
  }

  find(event) {
    event.preventDefault();
    this.wanted = new FormData(event.target).get('consumer').trim();
    this.data.fetch();
  }

  async release(consumer, status) {
    const released = await ask({
      title: t('consumers.release.title', { name: consumer.consumer }),
      body: [h('p', {}, t('consumers.release.text')), quantities(consumer.usage, status.pools),
        reasonField()],
      action: t('consumers.release.action'),
      tone: 'danger',
      run: (form) => post(`/v1/consumers/${encodeURIComponent(consumer.consumer)}/release`, { reason: form.elements.reason.value.trim() }),
    });
    if (!released) return;
    announce(t('consumers.release.done', { name: consumer.consumer }));
    await this.data.fetch();
  }

  row(consumer, status) {
    const { consumer: name } = consumer;
    const held = consumer.connected !== false;
    return {
      key: name,
      cells: [h('code', {}, name), held ? quantities(consumer.usage, status.pools) : badge('quiet', t('consumers.nothing')),
        held ? h('code', {}, consumer.owner) : '–',
        held ? timeOf(consumer.since) : '–',
        held && consumer.heard ? timeOf(consumer.heard, 'relative') : t('consumers.unheard'),
        held ? timeOf(consumer.expires, 'relative') : '–'],
      actions: held ? button('small', t('consumers.release.button'), () => this.release(consumer, this.shell.status()),
        { 'aria-label': t('consumers.release.what', { name }) }) : '',
    };
  }

  tools() {
    return h('form.tools', { 'data-key': 'tools', role: 'search', onsubmit: (event) => this.find(event) },
      h('label', {}, t('consumers.find'), h('input', { name: 'consumer', maxlength: 64, autocomplete: 'off' })),
      h('button', { type: 'submit' }, t('consumers.find.action')),
      button('', t('action.refresh'), () => this.data.fetch()));
  }

  list(status) {
    const { value } = this.data;
    if (!value) return h('p.quiet', { 'data-key': 'none' }, this.data.problem ? '' : t('header.loading'));
    if (!value.consumers.length && !value.next) return h('p.quiet', { 'data-key': 'none' }, t('consumers.none'));
    return table('consumers', t('nav.consumers'), COLUMNS, value.consumers.map((one) => this.row(one, status)), can('operate'));
  }

  draw(status) {
    const elsewhere = this.data.value?.elsewhere;
    return h('div.stack', {},
      h('h1', { 'data-key': 'title' }, t('nav.consumers')),
      card('consumers', t('consumers.title'), elsewhere ? elsewhereNote(elsewhere) : [this.tools(),
        this.data.problem ? h('div', { 'data-key': 'problem' }, problemNote(this.data.problem)) : '',
        this.list(status), this.wanted ? '' : this.pages.draw(this.data.value?.next)]));
  }
}

export default { name: 'consumers', needs: 'view', create: (shell) => new Consumers(shell) };
