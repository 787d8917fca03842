// Debian's Chromium, and pages that remember what went wrong in them.
import { chromium } from 'playwright-core';

const EXECUTABLE = process.env.LATCHKEY_CHROMIUM ?? '/usr/bin/chromium';

/** CI is root, as whom Chromium has no sandbox; it sees nothing but our own agent here. */
export function launch() {
  return chromium.launch({executablePath: EXECUTABLE, args: ['--no-sandbox']});
}

/** A person's browser of their own: cookies, language, colours and size shared with nobody. */
export async function person(browser, options = {}) {
  // The agent's certificate is of the deployment's own CA; tests/integration/network_test.py pins it.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(60_000);
  return context;
}

/** `fetch` in the page; the answer's status, headers and body. A refusal of the browser itself has status 0. */
export function fetchIn(page, url, options = {}) {
  return page.evaluate(async ([where, how]) => {
    try {
      const answer = await fetch(where, how);
      const text = await answer.text();
      const json = answer.headers.get('content-type')?.includes('json');
      return {status: answer.status, body: json && text ? JSON.parse(text) : text};
    } catch (error) {
      return {status: 0, body: String(error)};
    }
  }, [url, options]);
}
