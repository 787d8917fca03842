// What changes is shown without a reload, and without asking: SPEC KEY-6, KEY-10, BUF-8, ALERT-1.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { browser, lab, stage } from './stage.mjs';
import { Visitor } from './visitor.mjs';

stage();

const state = (visitor, name) => visitor.page.locator('.strip .badge', { hasText: new RegExp(`^${name}$`) }).waitFor();

test('a key that is pulled while two people look at two nodes', async () => { // SPEC KEY-6, BUF-8, BUF-9, ALERT-1
  const visitors = await Promise.all(['a', 'b'].map((node) => Visitor.signedIn(browser, lab, { node })));
  await Promise.all(visitors.map((visitor) => state(visitor, 'Missing')));
  await lab.plug({ key: 'red', port: 'a' });
  await Promise.all(visitors.map((visitor) => state(visitor, 'Ready')));
  for (const { page } of visitors) {
    await page.getByText(lab.about.keys.red).first().waitFor();
    await page.locator('.facts > div', { hasText: 'If removed now' }).getByText(/30 days, 0 hours|29 days, 23 hours/).waitFor();
    await page.getByRole('heading', { name: 'ZStack Cloud' }).waitFor();
  }
  // From here on the page is answered nothing: what it shows comes by the stream that is open.
  await Promise.all(visitors.map(({ context }) => context.route('**/v1/**', (route) => route.abort())));
  const before = visitors.map(({ page }) => page.evaluate(() => { window.witness = 'not reloaded'; }));
  await Promise.all(before);
  await lab.pull({ key: 'red', port: 'a' });
  await Promise.all(visitors.map((visitor) => state(visitor, 'Missing')));
  for (const { page } of visitors) {
    await page.locator('.banner', { hasText: 'buffer' }).first().waitFor();
    assert.match(await page.locator('.countdown').innerText(), /^(30 days, 0 hours|29 days, 23 hours)$/);
    assert.equal(await page.evaluate(() => window.witness), 'not reloaded');
  }
  await Promise.all(visitors.map(({ context }) => context.unroute('**/v1/**')));
  await lab.plug({ key: 'red', port: 'b' }); // SPEC KEY-7
  await Promise.all(visitors.map((visitor) => state(visitor, 'Ready')));
  await Promise.all(visitors.map((visitor) => visitor.close()));
  await lab.pull({ key: 'red', port: 'b' });
});

test('a page at rest asks for nothing', async () => {
  const visitor = await Visitor.signedIn(browser, lab);
  await visitor.page.waitForFunction(() => document.querySelectorAll('section.card').length > 3);
  const asked = visitor.requests.length;
  await visitor.page.waitForTimeout(3000);
  assert.deepEqual(visitor.requests.slice(asked), []);
  await visitor.close();
});

test('each state has its reason and its cure', async () => { // SPEC KEY-2, KEY-3, ALERT-1
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await lab.plug({ key: 'red', port: 'a' });
  await lab.plug({ key: 'green', port: 'b' });
  await state(visitor, 'Abnormal');
  await page.locator('.banner.warn').first().waitFor();
  await lab.pull({ key: 'green', port: 'b' });
  await lab.plug({ key: 'green', port: 'a' });
  await state(visitor, 'Fault');
  assert.match(await page.locator('section[data-key=key] .why').first().innerText(), /\w+.*\./);
  await page.getByText('2 keys').waitFor();
  await lab.pull({ key: 'green', port: 'a' });
  await state(visitor, 'Ready');
  await visitor.close();
});

test('Refresh reads the key again and never blocks the page', async () => { // SPEC KEY-10
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await state(visitor, 'Ready');
  const readAt = () => lab.request({ node: 'a', method: 'GET', path: '/v1/status' }).then((status) => status.read_at);
  const before = await readAt();
  await visitor.button('Refresh').click();
  await visitor.view('alerts'); // at once, whatever the key does
  await visitor.view('license');
  const key = page.locator('section[data-key=key]');
  await key.getByText('just now').first().waitFor();
  while (await readAt() === before) await page.waitForTimeout(20);
  await visitor.close();
});

test('the key ID is copied with a button', async () => { // SPEC REQ-3
  const visitor = await Visitor.signedIn(browser, lab, { permissions: ['clipboard-read', 'clipboard-write'] });
  await visitor.button('Copy Key ID').first().click();
  await visitor.page.getByText('Copied').first().waitFor();
  assert.equal(await visitor.page.evaluate(() => navigator.clipboard.readText()), lab.about.keys.red);
  await visitor.close();
});

test('a connection that breaks comes back by itself', async () => {
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await lab.cut();
  await lab.heal();
  await state(visitor, 'Ready');
  await lab.pull({ key: 'red', port: 'a' });
  await state(visitor, 'Missing');
  await lab.plug({ key: 'red', port: 'a' });
  await state(visitor, 'Ready');
  assert.equal(await page.locator('.sign-in').count(), 0, 'the session goes on');
  await visitor.close();
});

test('a wire that is cut without a word is noticed', async () => {
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await page.clock.install();
  await page.reload();
  await state(visitor, 'Ready');
  const answered = page.waitForResponse('**/health/live');
  await page.clock.fastForward(25_000); // longer than the page lets an agent be silent
  await (await answered).finished();
  assert.equal(await page.getByText('The connection to the agent is lost').count(), 0, 'it only had nothing to say');
  await lab.cut();
  const asked = page.waitForRequest('**/health/live');
  await page.clock.fastForward(25_000);
  await asked;
  await page.clock.fastForward(10_000); // longer than it waits for an answer
  await page.getByText('The connection to the agent is lost').waitFor();
  await lab.heal();
  await page.clock.fastForward(10_000);
  await page.getByText('The connection to the agent is lost').waitFor({ state: 'detached' });
  assert.equal(await page.locator('.sign-in').count(), 0, 'the session goes on');
  await visitor.close();
});

test('an agent that dies is said to be away, and one that is back asks who one is', async () => { // SPEC SEC-2
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await state(visitor, 'Ready');
  await lab.kill({ node: 'a' });
  await page.getByText('The connection to the agent is lost').waitFor();
  await state(visitor, 'Ready'); // of before, and it is said of when
  await lab.restart({ node: 'a' });
  await page.getByText('Your session has ended').waitFor(); // sessions are not kept over a restart
  await visitor.signIn('mary');
  await state(visitor, 'Ready');
  assert.equal(await page.getByText('The connection to the agent is lost').count(), 0);
  await visitor.close();
});
