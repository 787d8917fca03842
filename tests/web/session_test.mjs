// What a browser may do with a session, and what pages of others may not: SPEC SEC-2, LIC-2. Needs no page of ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFile } from 'node:fs/promises';

import { fetchIn, person } from './browser.mjs';
import { browser, lab, stage } from './stage.mjs';

stage();

const post = (body, headers = {}) => ({method: 'POST', body: JSON.stringify(body), headers});

/** A page of node a's origin. */
async function pageOf(context, node = 'a') {
  const page = await context.newPage();
  await page.goto(lab.url(node, '/health/live'));
  return page;
}

async function signIn(page, name, password = lab.about.password) {
  return fetchIn(page, '/v1/session', post({name, password}));
}

test('a session is what its account may do, and no more', async () => { // SPEC SEC-2
  const cases = [['mary', 200, 200], ['vera', 200, 403]];
  for (const [name, read, change] of cases) {
    const context = await person(browser);
    const page = await pageOf(context);
    assert.equal((await fetchIn(page, '/v1/status')).status, 401);
    const session = await signIn(page, name);
    assert.equal(session.status, 200);
    assert.equal((await fetchIn(page, '/v1/status')).status, read);
    const csrf = {'X-Latchkey-CSRF': session.body.csrf};
    assert.equal((await fetchIn(page, '/v1/peer/invite', post({}, csrf))).status, change, name);
    const cookies = await context.cookies();
    assert.deepEqual(cookies.map((c) => [c.name, c.httpOnly, c.secure, c.sameSite]),
      [['__Host-latchkey', true, true, 'Strict']]);
    await context.close();
  }
});

test('a wrong password opens nothing', async () => { // SPEC SEC-2
  const context = await person(browser);
  const page = await pageOf(context);
  const answer = await signIn(page, 'mary', 'incorrect horse battery');
  assert.deepEqual([answer.status, answer.body.code], [401, 'wrong-password']);
  assert.deepEqual(await context.cookies(), []);
  await context.close();
});

test('no change without the token of the session', async () => { // SPEC SEC-2
  const context = await person(browser);
  const page = await pageOf(context);
  await signIn(page, 'mary');
  for (const headers of [{}, {'X-Latchkey-CSRF': 'guessed'}]) {
    const answer = await fetchIn(page, '/v1/key/refresh', post({}, headers));
    assert.deepEqual([answer.status, answer.body.code], [403, 'csrf-missing']);
  }
  await context.close();
});

/** What the browser shows after the page has sent a form there. */
async function formOf(page, action, method) {
  await Promise.all([page.waitForURL(action + (method === 'GET' ? '?' : '')), page.evaluate(([to, how]) => {
    const form = Object.assign(document.createElement('form'), {action: to, method: how});
    document.body.append(form);
    form.submit();
  }, [action, method])]);
  return JSON.parse(await page.textContent('body'));
}

// The other node's origin differs in its port alone: same site, so the browser does send the cookie along. That is the
// strongest stand-in for a hostile page that there is.
test('a page of another origin changes nothing', async () => { // SPEC SEC-2, LIC-2
  const context = await person(browser);
  const own = await pageOf(context);
  await signIn(own, 'mary');
  const license = await readFile(await lab.issue({name: 'F-planted', entries: ['kvm:cpu-socket:4']}), 'utf8');

  const hostile = await pageOf(context, 'b');
  const seen = hostile.waitForResponse(lab.url('a', '/v1/licenses'));
  const sent = {method: 'POST', body: license, credentials: 'include', mode: 'no-cors'};
  assert.equal((await fetchIn(hostile, lab.url('a', '/v1/licenses'), sent)).status, 0);
  assert.equal((await seen).status(), 403);
  assert.deepEqual((await lab.request({node: 'a', method: 'GET', path: '/v1/licenses'})).licenses, []);

  // Nor does it read anything.
  const read = await fetchIn(hostile, lab.url('a', '/v1/status'), {credentials: 'include'});
  assert.equal(read.status, 0);

  // The attack was a true one: what this page sends has the cookie.
  const refused = await formOf(hostile, lab.url('a', '/v1/peer/invite'), 'POST');
  assert.equal(refused.code, 'origin-refused');
  await hostile.goto(lab.url('b', '/health/live'));
  assert.equal((await formOf(hostile, lab.url('a', '/v1/session'), 'GET')).name, 'mary');
  await context.close();
});

test('an account that is set anew ends its sessions', async () => { // SPEC SEC-2
  const context = await person(browser);
  const page = await pageOf(context);
  await signIn(page, 'otto');
  assert.equal((await fetchIn(page, '/v1/status')).status, 200);
  await lab.setAccount({name: 'otto'});
  assert.equal((await fetchIn(page, '/v1/status')).status, 401);
  await context.close();
});
