// Somebody who looks at the page, and what must never happen to them meanwhile: errors, violations of the page's own policy
// (SPEC SEC-3), requests to anybody but the agent, texts without words.
import assert from 'node:assert/strict';

import { person } from './browser.mjs';

/** What the browser itself says of an answer of 400 or more, and of an agent that is away. */
const OF_THE_NETWORK = /^Failed to load resource/;

export class Visitor {
  /** Of `node`, not signed in yet. `options`: of Playwright's newContext. */
  static async at(browser, lab, { node = 'a', ...options } = {}) {
    const visitor = new Visitor();
    Object.assign(visitor, { lab, node, faults: [], requests: [], context: await person(browser, options) });
    visitor.page = await visitor.context.newPage();
    visitor.#listen();
    await visitor.page.goto(lab.url(node));
    return visitor;
  }

  /** Signed in, with the first status shown. */
  static async signedIn(browser, lab, { name = 'mary', ...options } = {}) {
    const visitor = await Visitor.at(browser, lab, options);
    await visitor.signIn(name);
    return visitor;
  }

  #listen() {
    const { page, faults } = this;
    page.on('pageerror', (error) => faults.push(`error: ${error.stack}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && !OF_THE_NETWORK.test(message.text())) faults.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      this.requests.push({ method: request.method(), path: url.pathname });
      if (url.protocol !== 'blob:' && url.origin !== this.lab.about.urls[this.node]) faults.push(`request to ${url}`);
    });
  }

  async signIn(name, password = this.lab.about.password) {
    await this.page.fill('[name=name]', name);
    await this.page.fill('[name=password]', password);
    await this.page.click('.sign-in button[type=submit]');
    await this.page.waitForSelector('.strip');
  }

  /** Shows that view (agent/web/static/views.js), with its heading there. */
  async view(name) {
    await this.page.evaluate((to) => { location.hash = `#/${to}`; }, name);
    await this.page.waitForSelector(`nav a[href='#/${name}'][aria-current=page]`);
    await this.page.waitForSelector('main h1');
  }

  button(name, options = {}) {
    return this.page.getByRole('button', { name, exact: true, ...options });
  }

  /** Keys of strings (agent/web/static/strings) that stand where their text should. */
  async unspoken() {
    return this.page.evaluate(async () => {
      const texts = await fetch('/page/strings/en.json').then((answer) => answer.json());
      const groups = new Set(Object.keys(texts).map((key) => key.split('.')[0]));
      const found = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const text = walker.currentNode.data.trim();
        if (/^[\w-]+(\.[\w-]+)+$/.test(text) && groups.has(text.split('.')[0])) found.push(text);
      }
      return found;
    });
  }

  async close() {
    assert.deepEqual(await this.unspoken(), []);
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }
}
