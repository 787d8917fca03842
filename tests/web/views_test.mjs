// Consumers, records, trust and identities, alerts: SPEC POOL-7, REC-1, REC-2, SEC-2, SEC-5, ALERT-1, ALERT-2.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFile } from 'node:fs/promises';

import { browser, lab, stage } from './stage.mjs';
import { Visitor } from './visitor.mjs';

stage(async () => {
  await lab.plug({ key: 'red', port: 'a' });
});

const get = (path) => lab.request({ node: 'a', method: 'GET', path });
const usage = (quantity) => ({ usage: [{ object: 'kvm', unit: 'cpu-socket', quantity }], ttl_s: 3600 });
const state = (consumer, quantity) => lab.request({ node: 'a', method: 'PUT', path: `/v1/consumers/${consumer}/usage`, body: usage(quantity) });

async function ready({ page }) {
  await page.locator('.strip .badge', { hasText: /^Ready$/ }).waitFor();
}

/** The text of a row's cells, by their headings. */
function cells(row) {
  return row.locator('td[data-label]').evaluateAll((all) => Object.fromEntries(all.map((one) => [one.dataset.label, one.innerText.trim()])));
}

test('who holds what, since when, and heard when', async () => { // SPEC POOL-7
  const visitor = await Visitor.signedIn(browser, lab, { name: 'otto' });
  const { page } = visitor;
  await ready(visitor);
  await visitor.view('consumers');
  await page.getByText('Nobody holds anything.').waitFor();
  await state('vm-1', 4);
  const row = page.locator('tr', { hasText: 'vm-1' });
  await row.waitFor(); // without a reload
  const shown = await cells(row);
  assert.equal(shown.Holds, '4 ZStack Cloud, CPU sockets');
  assert.match(shown['Connected by'], /^uid:\d+$/);
  assert.match(shown.Since, /\d{4}/);
  assert.match(shown['Last heartbeat'], /just now|seconds? ago/);
  await state('vm-1', 5);
  await row.getByText('5 ZStack Cloud, CPU sockets').waitFor();
  await visitor.close();
});

test('the node that does not keep the leases says which one does', async () => { // SPEC SRV-4
  await state('vm-1', 4);
  const visitor = await Visitor.signedIn(browser, lab, { node: 'b', name: 'otto' });
  const { page } = visitor;
  await visitor.view('consumers');
  const note = page.locator('.note.info');
  await note.getByText('Node node-a keeps the leases, not this one.').waitFor();
  assert.match(await note.innerText(), /This node reaches it at 127\.0\.0\.1$/);
  assert.equal(await page.locator('.note.bad, section[data-key=consumers] form').count(), 0, 'nothing went wrong, and nothing can be asked here');
  await page.locator('select.language').selectOption('zh-CN');
  await note.getByText('租约由节点 node-a 保存').waitFor();
  await page.locator('select.language').selectOption('en');

  // With a virtual address its page is there.
  const holder = await lab.request({ node: 'b', method: 'GET', path: '/v1/server/holder' });
  await page.route('**/v1/server/holder', (route) => route.fulfill({ json: { ...holder, vip: { address: '192.0.2.10', here: false } } }));
  await visitor.view('alerts');
  await visitor.view('consumers');
  const link = note.getByRole('link', { name: '192.0.2.10' });
  await link.waitFor();
  assert.equal(await link.getAttribute('href'), `https://192.0.2.10:${new URL(lab.url('b')).port}/#/consumers`);

  await lab.cli({ node: 'b', arguments: ['server', 'take-over'] });
  await page.locator('tr', { hasText: 'vm-1' }).waitFor(); // without a reload
  await lab.cli({ node: 'a', arguments: ['server', 'take-over'] });
  await note.waitFor();
  await visitor.close();
});

test('a release by force asks for the reason, which is recorded', async () => { // SPEC POOL-7, REC-1
  await state('vm-2', 3);
  const visitor = await Visitor.signedIn(browser, lab, { name: 'otto' });
  const { page } = visitor;
  await visitor.view('consumers');
  await visitor.button('Release what vm-2 holds').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('3 ZStack Cloud').waitFor();
  await visitor.button('Release').last().click();
  assert.ok(await dialog.isVisible(), 'not without a reason');
  await dialog.getByLabel('Reason').fill('machine <b>scrapped</b>');
  await dialog.getByRole('button', { name: 'Release' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.locator('tr', { hasText: 'vm-2' }).waitFor({ state: 'detached' });
  await visitor.view('records');
  const row = page.locator('tr', { hasText: 'Released by force' }).first();
  await row.waitFor();
  const shown = await cells(row);
  assert.match(shown.What, /vm-2.*machine <b>scrapped<\/b>/s);
  assert.equal(shown.Who, 'otto');
  await visitor.close();
});

test('a viewer sees consumers and releases none', async () => { // SPEC POOL-7, SEC-2
  const visitor = await Visitor.signedIn(browser, lab, { name: 'vera' });
  await visitor.view('consumers');
  await visitor.page.locator('tr', { hasText: 'vm-1' }).waitFor();
  assert.equal(await visitor.page.getByRole('button', { name: /Release/ }).count(), 0);
  await visitor.close();
});

test('one consumer of many is found by its name, and they come page by page', async () => { // SPEC POOL-7
  const crowd = Array.from({ length: 101 }, (_, n) => ['PUT', `/v1/consumers/crowd-${n}/usage`, { usage: [], ttl_s: 3600 }]);
  await lab.requestAll({ node: 'a', requests: crowd });
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await visitor.view('consumers');
  const rows = page.locator('tbody tr');
  await visitor.button('Next page').click();
  await visitor.button('First page').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length < 100);
  assert.equal(await rows.count(), 2);
  await page.getByLabel('Find a consumer').fill('crowd-17');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  await page.getByLabel('Find a consumer').fill('nobody');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('No lease of nobody').waitFor();
  await visitor.close();
});

test('records are filtered, paged, exported and verified', async () => { // SPEC REC-1, REC-2
  const visitor = await Visitor.signedIn(browser, lab, { name: 'vera' });
  const { page } = visitor;
  await visitor.view('records');
  await page.getByLabel('Kind').selectOption('account-set');
  await visitor.button('Filter').click();
  await page.waitForFunction(() => [...document.querySelectorAll('tbody td:nth-child(2)')].every((one) => one.innerText === 'Account set'));
  assert.equal(await page.locator('tbody tr').count(), 3);
  await page.getByLabel('Text').fill('VERA');
  await visitor.button('Filter').click();
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);

  const save = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), visitor.button(name).click()]);
    return [download.suggestedFilename(), await readFile(await download.path(), 'utf8')];
  };
  const [csvName, csv] = await save('Export CSV');
  assert.equal(csvName, 'latchkey-events.csv');
  assert.equal(csv.trim().split('\r\n').length, 2, 'headings and the one that is shown');
  const [, json] = await save('Export JSON');
  assert.deepEqual(JSON.parse(json).records, (await get('/v1/records?kind=account-set&text=vera')).records);

  await visitor.button('Verify the chain').click();
  await page.locator('main').getByText(/Nothing is altered or missing: \d+ facts/).waitFor();
  await visitor.close();
});

test('old records are one page further, and an export has them all', async () => { // SPEC REC-2
  const tokens = Array.from({ length: 60 }, (_, n) => ['POST', '/v1/server/tokens', { role: 'consumer', name: `machine-${n}` }]);
  await lab.requestAll({ node: 'a', requests: tokens });
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await visitor.view('records');
  await page.getByLabel('Kind').selectOption('token-created');
  await visitor.button('Filter').click();
  const rows = async (count) => {
    await page.waitForFunction((of) => document.querySelectorAll('tbody tr').length === of, count);
    return page.locator('tbody tr').allInnerTexts();
  };
  const newest = await rows(50);
  await visitor.button('Older').click();
  const names = [...newest, ...await rows(10)].map((row) => /machine-\d+/.exec(row)[0]);
  assert.equal(new Set(names).size, 60);
  const [download] = await Promise.all([page.waitForEvent('download'), visitor.button('Export JSON').click()]);
  assert.equal(JSON.parse(await readFile(await download.path(), 'utf8')).records.length, 60);
  await visitor.button('Newest').click();
  await rows(50);
  await visitor.close();
});

test('license records have what a license is', async () => { // SPEC REC-1
  const visitor = await Visitor.signedIn(browser, lab);
  await visitor.view('records');
  await visitor.button('Licenses').click();
  const row = visitor.page.locator('tbody tr').first();
  await row.getByText('USB key').waitFor();
  const shown = await cells(row);
  assert.deepEqual([shown.What, shown.Kind, shown.Status], ['10 ZStack Cloud, CPU sockets', 'Base', 'Valid']);
  await visitor.close();
});

test('whom the deployment trusts, and who may come in', async () => { // SPEC SEC-5, SEC-2
  await lab.enrol({ role: 'consumer' });
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  const trust = await get('/v1/trust');
  const server = await get('/v1/server');
  await visitor.view('trust');
  await page.getByText(server.pin).waitFor();
  await page.locator('section[data-key=issuers] tr', { hasText: 'lab' }).getByText('Valid').waitFor();
  assert.equal(await page.locator(`code[title="${trust.roots[0].fingerprint}"]`).count(), 1);
  assert.equal(await page.locator('section[data-key=accounts] tbody tr').count(), 3);
  assert.doesNotMatch(await page.locator('main').innerText(), /LKE-|scrypt/);

  const row = page.locator('section[data-key=identities] tr', { hasText: 'the-consumer' });
  await row.getByRole('button', { name: 'Revoke the-consumer' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('lost');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await row.getByText('Revoked').waitFor();
  assert.match(await row.innerText(), /by mary: lost/);
  assert.equal(await row.getByRole('button').count(), 0, 'for good');
  const { identities } = await get('/v1/server/identities');
  assert.deepEqual(identities.map((one) => [one.state, one.reason]), [['revoked', 'lost']]);
  await visitor.close();
});

test('the alerts are those of the API, with what each wants', async () => { // SPEC ALERT-1, ALERT-2
  const visitor = await Visitor.signedIn(browser, lab, { name: 'vera' });
  const { page } = visitor;
  await ready(visitor);
  await visitor.view('alerts');
  await lab.pull({ key: 'red', port: 'a' });
  await page.locator('li.alert', { hasText: 'buffer-running' }).waitFor();
  const { alerts } = await get('/v1/alerts');
  const shown = page.locator('li.alert');
  assert.deepEqual(await shown.locator('code').allInnerTexts(), alerts.map((alert) => alert.id));
  for (const [index, alert] of alerts.entries()) {
    const text = await shown.nth(index).innerText();
    assert.ok(text.includes(alert.text) && text.includes(alert.cure), alert.id);
  }
  const banners = page.locator('.banner');
  assert.equal(await banners.count(), alerts.length);
  assert.match(await shown.filter({ hasText: 'buffer-running' }).innerText(), /\((30 days, 0 hours|29 days, 23 hours)\)/);
  await lab.plug({ key: 'red', port: 'a' });
  await shown.first().waitFor({ state: 'detached' });
  await visitor.close();
});
