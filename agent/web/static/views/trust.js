// Whom this deployment believes (SPEC SEC-5), and who may come in over the network (SPEC SEC-2).
import { get, remove } from '../api.js';
import { ask } from '../dialog.js';
import { announce, h, morph } from '../dom.js';
import { Fetched } from '../fetched.js';
import { timeOf } from '../format.js';
import { badge, button, card, copyButton, facts, problemNote, reasonField } from '../parts.js';
import { can } from '../session.js';
import { t } from '../strings.js';
import { table } from '../table.js';

const TONES = { valid: 'good', good: 'good', open: 'good', 'not-yet-valid': 'info', overtaken: 'warn', revoked: 'bad' };
const COLUMNS = {
  issuers: ['issuers.name', 'issuers.fingerprint', 'issuers.scopes', 'issuers.validity', 'issuers.status'],
  identities: ['identities.name', 'identities.role', 'identities.id', 'identities.enrolled', 'identities.state'],
  tokens: ['tokens.name', 'tokens.role', 'tokens.id', 'tokens.expires', 'tokens.by', 'tokens.state'],
  accounts: ['accounts.name', 'accounts.role', 'accounts.by'],
};
const REST = 2000;

const state = (value, text) => badge(TONES[value] ?? 'quiet', text);
/** The beginning of a hash; all of it is its title. */
const short = (hash) => h('code', { title: hash }, hash.length > 20 ? `${hash.slice(0, 16)}…` : hash);

/** What an administrator alone may ask for is left out for others. */
async function load() {
  const administers = can('administer');
  const [trust, server, { identities }, tokens, accounts] = await Promise.all([get('/v1/trust'), get('/v1/server'), get('/v1/server/identities'),
    administers ? get('/v1/server/tokens').then((answer) => answer.tokens) : null,
    administers ? get('/v1/server/accounts').then((answer) => answer.accounts) : null]);
  return { trust, server, identities, tokens, accounts };
}

function originOf(trust) {
  if (!trust.origin) return t('trust.origin.none');
  if (trust.origin.from === 'configuration') return [t('trust.origin.configuration'), ' ', h('code', {}, trust.origin.file)];
  return [t('trust.origin.installed', { by: trust.origin.by, node: trust.origin.node_name }), ' ', timeOf(trust.origin.at)];
}

function bundleCard(trust) {
  return card('bundle', t('trust.bundle'), facts([
    [t('trust.version'), trust.version || t('trust.none')],
    [t('trust.issued'), trust.issued ? timeOf(trust.issued) : ''],
    [t('trust.origin'), originOf(trust)],
    [t('trust.threshold'), t('trust.threshold.of', { threshold: trust.threshold, count: trust.roots.length })],
    [t('trust.roots'), h('ul', {}, trust.roots.map((root) => h('li.with-button', {}, short(root.fingerprint), ' ', h('span.quiet', {}, root.algorithm),
      copyButton(root.fingerprint, t('trust.fingerprint')))))],
  ]), h('p.quiet', {}, t('trust.install')));
}

function issuersCard(trust) {
  const rows = trust.issuers.map((issuer) => ({ key: issuer.fingerprint, cells: [issuer.name, short(issuer.fingerprint), issuer.scopes.join(', '),
    [timeOf(issuer.not_before, 'day'), ' – ', timeOf(issuer.not_after, 'day')], state(issuer.status, t(`issuer.${issuer.status}`))] }));
  return card('issuers', t('trust.issuers'), rows.length ? table('issuers', t('trust.issuers'), COLUMNS.issuers, rows)
    : h('p.quiet', {}, t('trust.issuers.none')));
}

function revokedCard({ revoked }) {
  const lists = [['issuers', revoked.issuers], ['licenses', revoked.licenses], ['key-ids', revoked.key_ids]].filter(([, list]) => list.length);
  return card('revoked', t('trust.revoked'), lists.length
    ? facts(lists.map(([name, list]) => [t(`trust.revoked.${name}`), h('ul', {}, list.map((one) => h('li', {}, h('code', {}, one))))]))
    : h('p.quiet', {}, t('trust.revoked.none')));
}

function serverCard(server) {
  return card('server', t('server.title'), facts([
    [t('server.listening-on'), server.listening ? h('code', {}, server.listening) : t('server.off')],
    [t('server.names'), (server.names ?? []).join(', ')],
    [t('server.certificate'), t(server.own_certificate ? 'server.certificate.own' : 'server.certificate.deployment')],
    [t('server.pin'), server.pin ? h('span.with-button', {}, h('code', {}, server.pin), copyButton(server.pin, t('server.pin'))) : ''],
  ]));
}

function tokensCard(tokens) {
  const rows = tokens.map((token) => ({ key: token.id, cells: [token.name, t(`as.${token.role}`), h('code', {}, token.id), timeOf(token.expires), token.by,
    [state(token.state, t(`token.${token.state}`)), token.identity ? h('div', {}, h('code', {}, token.identity)) : '']] }));
  return card('tokens', t('tokens.title'), h('p.quiet', {}, t('tokens.text')),
    rows.length ? table('tokens', t('tokens.title'), COLUMNS.tokens, rows) : h('p.quiet', {}, t('tokens.none')));
}

function accountsCard(accounts) {
  const rows = accounts.map((account) => ({ key: account.name, cells: [account.name, t(`as.${account.role}`), account.by] }));
  return card('accounts', t('accounts.title'), h('p.quiet', {}, t('accounts.text')),
    table('accounts', t('accounts.title'), COLUMNS.accounts, rows));
}

class Trust {
  constructor(shell) {
    this.shell = shell;
    this.element = h('div.stack', {});
    this.data = new Fetched(load, () => shell.refresh(), REST);
  }

  open() {
    this.data.begin();
  }

  update(status) {
    this.data.follow(JSON.stringify([status.revisions.records, status.peer]), status);
    morph(this.element, this.draw());
  }

  async revoke(identity) {
    const revoked = await ask({
      title: t('identities.revoke.title', { name: identity.name }),
      body: [h('p', {}, t('identities.revoke.text')), reasonField()],
      action: t('identities.revoke.action'),
      tone: 'danger',
      run: (form) => remove(`/v1/server/identities/${identity.id}`, { reason: form.elements.reason.value.trim() }),
    });
    if (!revoked) return;
    announce(t('identities.revoke.done', { name: identity.name }));
    await this.data.fetch();
  }

  identitiesCard(identities) {
    const rows = identities.map((identity) => ({
      key: identity.id,
      cells: [identity.name, t(`as.${identity.role}`), h('code', {}, identity.id), timeOf(identity.enrolled),
        [state(identity.state, t(`identity.${identity.state}`)),
          identity.revoked_by ? h('div.quiet', {}, t('identities.revoked-by', { by: identity.revoked_by }), ' ', identity.reason) : '']],
      actions: identity.state === 'good' ? button('small', t('identities.revoke.button'), () => this.revoke(identity),
        { 'aria-label': t('identities.revoke.what', { name: identity.name }) }) : '',
    }));
    return card('identities', t('identities.title'), rows.length
      ? table('identities', t('identities.title'), COLUMNS.identities, rows, can('administer'))
      : h('p.quiet', {}, t('identities.none')));
  }

  draw() {
    const { value, problem } = this.data;
    return h('div.stack', {},
      h('h1', { 'data-key': 'title' }, t('nav.trust')),
      problem ? h('div', { 'data-key': 'problem' }, problemNote(problem)) : '',
      value ? h('div.columns.even', { 'data-key': 'trust' }, bundleCard(value.trust), serverCard(value.server)) : '',
      value ? [issuersCard(value.trust), revokedCard(value.trust), this.identitiesCard(value.identities)] : '',
      value?.tokens ? tokensCard(value.tokens) : '', value?.accounts ? accountsCard(value.accounts) : '',
      value || problem ? '' : h('p.quiet', { 'data-key': 'loading' }, t('header.loading')));
  }
}

export default { name: 'trust', needs: 'view', create: (shell) => new Trust(shell) };
