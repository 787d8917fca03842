// Ten thousand entries: what is shown stays small, everything can be reached, and a change moves nothing that somebody is at.
// SPEC LIC-2, LIC-6, LIC-9, POOL-1.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { browser, lab, stage } from './stage.mjs';
import { Visitor } from './visitor.mjs';

stage();

const POOLS = ['kvm cpu-socket base', 'zsphere host base', 'vmware cpu-socket module', 'disaster-recovery vm module', 'arm64 host module',
  'baremetal server module', 'container-vcpu vcpu module'].map((pool) => pool.split(' '));
const LICENSES = 100;
const ENTRIES = 10_000;
const licenses = () => Array.from({ length: LICENSES }, (_, index) => {
  // Some are of base entries, the others of modules, so that these can be deleted. Few have the pool that is read to its end.
  const pools = POOLS.filter(([object, , kind]) => kind === (index < LICENSES / 4 ? 'base' : 'module') && (object !== 'arm64' || index % 10 === 0));
  return pools.map((pool) => [...pool, 1 + index, ENTRIES / LICENSES / pools.length]);
});

const get = (path) => lab.request({ node: 'a', method: 'GET', path });
const group = ({ page }, object) => page.locator(`.group[data-key^="module ${object} "], .group[data-key^="base ${object} "]`);
const shownRows = ({ page }) => page.locator('tbody tr').count();

test('the answer to a package of thousands is one that a person can read', async () => { // SPEC LIC-6
  const file = await lab.order({ name: 'many', licenses: licenses() });
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await page.setInputFiles('input[type=file]', [file]);
  await page.locator('.files').getByText('10,000 entries installed').waitFor();
  await page.locator('.files > li > .list > li').getByText(`and ${LICENSES - 10} more`, { exact: true }).last().waitFor();
  assert.ok(await page.locator('.files li').count() < 150);
  await visitor.close();
});

test('the first view is small, and says what it leaves out', async () => {
  const visitor = await Visitor.at(browser, lab);
  const { page, context } = visitor;
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await visitor.signIn('mary');
  await page.getByRole('heading', { name: 'Find licenses' }).waitFor();
  console.log(`# ${bytes} bytes transferred from signing in on, ${await shownRows(visitor)} rows`);
  assert.ok(bytes < 100_000, `${bytes} bytes`);
  assert.ok(await shownRows(visitor) <= 3 * POOLS.length + 25);
  for (const [object] of POOLS) await group(visitor, object).getByRole('button', { name: /^Show all [\d,]+ entries$/ }).waitFor();
  await visitor.close();
});

test('every entry of a pool can be reached, by the keyboard alone', async () => {
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  const pool = group(visitor, 'arm64');
  const { matching } = await get('/v1/entries?object=arm64&limit=1');
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  await pool.getByRole('button', { name: /^Show all/ }).focus();
  await page.keyboard.press('Enter');
  await pool.getByText(`1 to 50 of ${matching.toLocaleString('en-GB')}`).waitFor();
  assert.equal(await focused(), 'Show only the first ones', 'the focus is where it was');
  await pool.getByRole('button', { name: 'Next page' }).focus();
  const keys = new Set();
  let seen = 0;
  for (;;) {
    const rows = await pool.locator('tbody tr').evaluateAll((all) => all.map((row) => row.dataset.key));
    for (const key of rows) keys.add(`${seen} ${key}`);
    seen += rows.length;
    if (await pool.getByRole('button', { name: 'Next page' }).getAttribute('aria-disabled')) break;
    await page.keyboard.press('Enter');
    await pool.getByText(`${(seen + 1).toLocaleString('en-GB')} to`).waitFor();
    assert.equal(await focused(), 'Next page');
  }
  assert.equal(seen, matching);
  assert.match(await page.locator('#announcer').innerText(), new RegExp(`of ${matching.toLocaleString('en-GB')}`), 'who does not see it is told');
  await pool.getByRole('button', { name: 'Show only the first ones' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.group[data-key^="module arm64"] tbody tr').length === 3);
  await visitor.close();
});

test('a license is found by its id, and what is found can be left again', async () => {
  const { licenses: known } = await get('/v1/licenses?limit=100&entries=none');
  const { id, count } = known.at(-1);
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await page.getByLabel('License, customer, object or key').fill(id);
  await visitor.button('Filter').click();
  const { total } = await get('/v1/entries?limit=1');
  const number = (value) => value.toLocaleString('en-GB');
  await page.getByText(`${number(count)} of ${number(total)} entries`).first().waitFor();
  await page.waitForFunction(([wanted]) => [...document.querySelectorAll('.group tbody tr')].every((row) => row.innerText.includes(wanted)) &&
    document.querySelectorAll('section[data-key=documents] tbody tr').length === 1, [id]);
  await page.getByLabel('Status').selectOption('expired');
  await visitor.button('Filter').click();
  await page.getByText('No license is found.').waitFor();
  await page.getByText('None are found.').first().waitFor();
  await page.getByLabel('License, customer, object or key').fill('');
  await page.getByLabel('Status').selectOption('');
  await visitor.button('Filter').click();
  await group(visitor, 'arm64').waitFor();
  await visitor.close();
});

test('a change leaves alone who reads, and who is about to answer a question', async () => { // SPEC LIC-2
  const visitor = await Visitor.signedIn(browser, lab, { viewport: { width: 1280, height: 500 } });
  const { page } = visitor;
  const pool = group(visitor, 'vmware');
  await pool.getByRole('button', { name: /^Show all/ }).click();
  await pool.getByRole('button', { name: 'Next page' }).click();
  await pool.getByText('51 to 100 of').waitFor();
  const row = pool.locator('tbody tr').nth(20);
  await row.getByRole('button', { name: /^Delete/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/^and \d+ more$/).waitFor();
  const changed = await page.evaluateHandle(() => {
    const groups = new Set();
    const note = ({ target }) => groups.add(target.parentElement?.closest('.group, section')?.dataset.key ?? '');
    new MutationObserver((changes) => changes.forEach(note)).observe(document.querySelector('main'),
      { subtree: true, childList: true, characterData: true, attributes: true });
    return groups;
  });
  const place = () => page.evaluate(() => [scrollY, document.querySelector('dialog').open, document.activeElement.closest('dialog') !== null,
    document.activeElement.textContent]);
  const before = await place();
  await row.evaluate((element) => { element.witness = 'the same'; });
  await lab.request({ node: 'a', method: 'PUT', path: '/v1/consumers/vm-1/usage', body: { usage: [{ object: 'kvm', unit: 'cpu-socket', quantity: 3 }], ttl_s: 3600 } });
  await group(visitor, 'kvm').getByText(/^3 of/).waitFor({ state: 'attached' });
  assert.deepEqual(await place(), before);
  assert.equal(await row.evaluate((element) => element.witness), 'the same');
  assert.deepEqual((await changed.evaluate((groups) => [...groups])).filter((key) => /^(base|module) /.test(key) && !key.includes(' kvm ')),
  ['module vmware cpu-socket'], 'only the pool whose usage it is was drawn anew, and the one that draws on it');
  await page.keyboard.press('Escape');
  assert.equal(await row.getByRole('button').evaluate((element) => element === document.activeElement), true, 'the focus is back');
  await visitor.close();
});

test('it is readable at any width, in both languages', async () => {
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  await group(visitor, 'vmware').getByRole('button', { name: /^Show all/ }).click();
  for (const [language, where] of [['en', '1 to 50 of'], ['zh-CN', '第 1 至 50 项']]) {
    await page.locator('select.language').selectOption(language);
    await group(visitor, 'vmware').getByText(where).waitFor();
    assert.deepEqual(await visitor.unspoken(), []);
    for (const width of [360, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), `${language} at ${width}`);
    }
  }
  await visitor.close();
});
