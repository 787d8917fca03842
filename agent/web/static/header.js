// What stands above every view: who and where we are, how the deployment is, and what its users have to know (SPEC ALERT-1).
import { h } from './dom.js';
import { badge, banner, button, namesOf } from './parts.js';
import { can, userName } from './session.js';
import { LANGUAGES, language, t, tn } from './strings.js';

export const STATE_TONES = { Ready: 'good', Abnormal: 'warn', Missing: 'bad', Fault: 'bad' };
const LINK_TONES = { self: 'quiet', up: 'good', syncing: 'info', connecting: 'warn', unpaired: 'warn' };

export function languageChoice(onLanguage) {
  return h('select.language', { 'aria-label': t('header.language'), onchange: (event) => onLanguage(event.target.value) },
    LANGUAGES.map(({ code, name }) => h('option', { value: code, lang: code, selected: code === language() }, name)));
}

/** SPEC KEY-1, KEY-2 for one node: how many keys it has, and whether its one key works. */
export function nodeKeys(status, node) {
  const keys = status.keys.filter((key) => key.node === node.id);
  if (keys.length === 0) return { tone: 'quiet', text: t('node.no-key') };
  if (keys.length > 1) return { tone: 'warn', text: tn('node.keys', keys.length) };
  return keys[0].works ? { tone: 'good', text: t('node.key-works') } : { tone: 'bad', text: t('node.key-fails') };
}

function node(status, one) {
  const keys = nodeKeys(status, one);
  return h('li.node', { 'data-key': one.id }, h('span.node-name', {}, one.name || one.id.slice(0, 8)),
    badge(LINK_TONES[one.link] ?? 'quiet', t(`link.${one.link}`)), badge(keys.tone, keys.text));
}

/** Server, version, nodes, and the key state of the deployment. */
export function stateStrip(status) {
  const { server } = status;
  const nodes = [...status.deployment.nodes].sort((one, other) => other.self - one.self); // this one first
  return h('div.strip', { 'data-key': 'strip' },
    h('div.deployment', {}, h('span.quiet', {}, t('header.key')),
      badge(STATE_TONES[status.state] ?? 'quiet', t(`state.${status.state}`)),
      status.usable ? badge('good', t('header.usable')) : badge('bad', t('header.unusable'))),
    h('ul.nodes', { 'aria-label': t('header.nodes') }, nodes.map((one) => node(status, one))),
    h('div.server', {}, h('span.quiet', {}, t('header.server')),
      badge(server.state === 'listening' ? 'good' : 'quiet', t(`server.${server.state}`)),
      server.address ? h('code', {}, server.address) : '', h('span.quiet', {}, t('header.version', { version: status.version }))));
}

export function banners(status) {
  const names = namesOf(status);
  return h('ul.banners', { 'data-key': 'banners', 'aria-label': t('header.alerts') },
    status.alerts.map((alert) => banner(alert, names)));
}

/** The first line: brand, language, user. */
export function topLine({ onLanguage, onSignOut }) {
  const role = ['administer', 'operate', 'view'].find(can);
  return h('div.top', { 'data-key': 'top' }, h('a.brand', { href: '#/license' }, 'Latchkey'),
    h('span.grow', {}), languageChoice(onLanguage),
    h('span.user', {}, h('span', {}, userName()), ' ', h('span.quiet', {}, role ? t(`role.${role}`) : '')),
    button('small', t('header.sign-out'), onSignOut));
}
