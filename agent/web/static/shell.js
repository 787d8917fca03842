// The frame around the views: header, navigation, banners, and the one view that is shown.
//
// How a view is added:
//   1. agent/web/static/views/NAME.js, with `export default` of
//        {
//          name: 'NAME',       // its place is #/NAME, its title the string `nav.NAME`
//          needs: 'view',      // the right (session.js) without which it is not offered
//          create(shell) {     // once, when it is first shown; the answer lives as long as the page
//            return {
//              element,             // what is shown inside <main>
//              update(status) {},   // the status has changed, or the language, or the view has just been shown: bring
//                                   // `element` up to date (dom.js: morph)
//              open(parameters) {}, // optional: it is shown now; URLSearchParams of #/NAME?a=b
//              close() {},          // optional: another view is shown now
//            };
//          },
//        }
//      `shell` has `status()` (the latest, or null), `navigate(name, parameters)`, and `refresh()`, which calls update()
//      again, for when data that the view fetched has come. Fetch with api.js; what is thrown there is a Problem, which
//      parts.js: problemNote() shows. Only fetch what the status does not have, when it has changed or in open().
//   2. Its name in views.js (the order of the navigation), its file in index.html (modulepreload).
//   3. Its texts in strings/en.json and strings/zh-CN.json, with keys that begin with `NAME.`.
import { SESSION_LOST, remove } from './api.js';
import { noteStatus } from './clock.js';
import { closeDialogs } from './dialog.js';
import { announce, h, morph } from './dom.js';
import { timeOf } from './format.js';
import { banners, stateStrip, topLine } from './header.js';
import { Live } from './live.js';
import { can, forget, userName } from './session.js';
import { signIn } from './sign_in.js';
import { chooseLanguage, gap, t } from './strings.js';
import { views } from './views.js';

/** Not usable, or something that was is so no more: what License Management is for (SPEC ALERT-1). */
const expired = (status) => !status.usable || status.alerts.some((alert) => alert.id.startsWith('license-expired'));

export class Shell {
  constructor(root) {
    this.root = root;
    this.latest = null;
    this.link = { state: 'connecting' };
    this.open = new Map(); // name → what create() returned
    this.current = null;
    this.live = new Live({
      onStatus: (status) => this.take(status),
      onLink: (state, next) => this.setLink(state, next),
      onSessionLost: () => this.askPassword(true),
    });
    addEventListener('hashchange', () => this.show());
    document.addEventListener(SESSION_LOST, () => this.askPassword(true));
  }

  // --- what views use

  status() { return this.latest; }

  navigate(name, parameters = {}) {
    const query = new URLSearchParams(parameters).toString();
    location.hash = `#/${name}${query ? `?${query}` : ''}`;
  }

  refresh() {
    if (this.current && this.latest) this.current.view.update(this.latest);
  }

  // --- signing in and out

  start() {
    this.user = userName();
    this.signIn?.remove();
    this.signIn = null;
    this.draw();
    this.page.hidden = false;
    this.live.start();
  }

  askPassword(wasSignedIn) {
    if (this.signIn) return;
    this.live.stop();
    forget();
    closeDialogs();
    if (this.page) this.page.hidden = true;
    this.showSignIn(wasSignedIn);
  }

  showSignIn(wasSignedIn) {
    const form = signIn({
      expired: wasSignedIn,
      onSignedIn: (name) => (this.user && this.user !== name ? location.reload() : this.start()),
      onLanguage: async (code) => {
        await chooseLanguage(code);
        this.showSignIn(wasSignedIn);
      },
    });
    if (this.signIn) this.signIn.replaceWith(form);
    else this.root.append(form);
    this.signIn = form;
    document.title = t('title', { view: t('sign-in.title') });
    form.querySelector(wasSignedIn && userName() ? '[name=password]' : '[name=name]').focus();
  }

  async signOut() {
    try {
      await remove('/v1/session');
    } catch { /* then the session ends by itself */ }
    location.reload();
  }

  // --- what is shown

  take(status) {
    const before = this.latest;
    this.latest = status;
    noteStatus(status);
    if (expired(status) && !(before && expired(before))) this.navigate('license');
    if (before && before.state !== status.state) announce(t('header.state-changed', { state: t(`state.${status.state}`) }));
    this.draw();
  }

  setLink(state, next = 0) {
    if (this.link.state === 'lost' && state === 'live') announce(t('link-lost.back'));
    this.link = { state, next };
    if (state !== 'live') this.draw();
  }

  draw() {
    if (!this.page) {
      this.chrome = h('div.chrome', {});
      // Views keep their own element: it is theirs to bring up to date.
      this.outlet = h('main', { id: 'main', tabindex: '-1' });
      this.page = h('div.page', {}, this.chrome, this.outlet);
      this.root.append(this.page);
    }
    morph(this.chrome, this.drawChrome());
    this.show();
  }

  drawChrome() {
    const status = this.latest;
    return h('div.chrome', {},
      h('a.skip', { href: '#main', onclick: (event) => { event.preventDefault(); this.outlet.focus(); } }, t('header.skip')),
      h('header', {}, topLine({ onLanguage: (code) => this.changeLanguage(code), onSignOut: () => this.signOut() }),
        status ? stateStrip(status) : '', this.navigation()),
      this.linkNote(), status ? banners(status) : h('p.quiet', {}, t('header.loading')));
  }

  navigation() {
    return h('nav', { 'data-key': 'nav', 'aria-label': t('header.navigation') }, h('ul', {}, views.filter((one) => can(one.needs))
      .map((one) => h('li', { 'data-key': one.name }, h('a', { href: `#/${one.name}`,
        'aria-current': this.current?.definition === one ? 'page' : null }, t(`nav.${one.name}`))))));
  }

  linkNote() {
    if (this.link.state !== 'lost') return '';
    const since = this.latest ? [gap(), t('link-lost.shown'), ' ', timeOf(this.latest.time, 'relative')] : '';
    return h('div.note.bad.link-lost', { 'data-key': 'link', role: 'alert' }, t('link-lost'), since, ' ',
      h('button.small', { type: 'button', onclick: () => this.live.hurry() }, t('link-lost.now')));
  }

  show() {
    if (!this.page || this.page.hidden || this.signIn) return;
    const [name, query] = location.hash.replace(/^#\//, '').split('?');
    const definition = views.find((one) => one.name === name && can(one.needs)) ?? views[0];
    const parameters = new URLSearchParams(query);
    if (this.current?.definition !== definition) this.replaceView(definition, parameters);
    else if (this.shownHash !== location.hash) this.current.view.open?.(parameters);
    this.shownHash = location.hash;
    this.refresh();
  }

  replaceView(definition, parameters) {
    const first = !this.current;
    this.current?.view.close?.();
    if (!this.open.has(definition.name)) this.open.set(definition.name, definition.create(this));
    const view = this.open.get(definition.name);
    this.current = { definition, view };
    this.outlet.replaceChildren(view.element);
    document.title = t('title', { view: t(`nav.${definition.name}`) });
    morph(this.chrome, this.drawChrome());
    view.open?.(parameters);
    if (!first) this.outlet.focus();
  }

  async changeLanguage(code) {
    await chooseLanguage(code);
    document.title = t('title', { view: t(`nav.${this.current.definition.name}`) });
    this.draw();
  }
}
