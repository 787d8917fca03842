// Licenses from files: SPEC LIC-1, LIC-2, LIC-4 to LIC-6, LIC-10, REQ-1, SEC-3.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFile, writeFile } from 'node:fs/promises';

import { browser, lab, stage } from './stage.mjs';
import { Visitor } from './visitor.mjs';

stage();

const BASE = ['kvm:cpu-socket:10'];
const MODULE = ['disaster-recovery:vm:200:module'];
const DAY = 86_400_000;

/** Chooses files as a person does; the results of all of them, once they are there. */
async function upload({ page }, files) {
  await page.setInputFiles('input[type=file]', files);
  return results({ page }, files.length);
}

async function results({ page }, count) {
  const list = page.locator('.files > li');
  await page.waitForFunction(([of]) => {
    const shown = [...document.querySelectorAll('.files > li')];
    return shown.length === of && shown.every((one) => one.querySelector('.counts, [role=alert]'));
  }, [count]);
  return list.allInnerTexts();
}

async function file(name, content) {
  const path = `${lab.about.dir}/${name}`;
  await writeFile(path, content);
  return path;
}

async function licensed() {
  const { licenses } = await lab.request({ node: 'a', method: 'GET', path: '/v1/licenses' });
  return licenses.map((license) => license.id).sort();
}

/** The same license with another signature of the right length. */
function forged(text) {
  const envelope = JSON.parse(text);
  const bytes = Buffer.from(envelope.signatures[0].sig, 'base64');
  bytes[10] ^= 1;
  envelope.signatures[0].sig = bytes.toString('base64');
  return JSON.stringify(envelope);
}

test('the request key is a download that says every node', async () => { // SPEC REQ-1
  await lab.requestKey({ node: 'a' }); // waits until both nodes are in it
  const visitor = await Visitor.signedIn(browser, lab, { name: 'vera' });
  const [download] = await Promise.all([visitor.page.waitForEvent('download'), visitor.button('Download request key').click()]);
  assert.match(download.suggestedFilename(), /^request-key-[0-9a-f]{12}\.json$/);
  const envelope = JSON.parse(await readFile(await download.path(), 'utf8'));
  const payload = JSON.parse(Buffer.from(envelope.payload, 'base64'));
  assert.deepEqual(payload.nodes.map((node) => node.name).sort(), ['node-a', 'node-b']);
  await visitor.close();
});

test('each bad file says what is wrong with it and what to do', async () => { // SPEC LIC-5, LIC-6, SEC-3
  const good = await lab.issue({ name: 'F-good', entries: BASE });
  const past = (days) => new Date(Date.now() - days * DAY).toISOString().replace(/\.\d+Z$/, 'Z');
  const cases = {
    'untrusted-signer': await file('forged.license', forged(await readFile(good, 'utf8'))),
    'wrong-environment': await lab.issue({ name: 'F-foreign', entries: BASE, request: await lab.foreignRequestKey() }),
    expired: await lab.issue({ name: 'F-over', entries: BASE, options: ['--not-before', past(3), '--days', '1'] }),
    'base-missing': await lab.issue({ name: 'F-alone', entries: MODULE }),
    'unknown-object': await lab.issue({ name: 'F-strange', entries: ['teapot:cpu-socket:1'] }),
    'key-not-inserted': await lab.issue({ name: 'K-green', entries: BASE, key: 'green' }),
    'invalid-format': await file('garbage.license', '<img src=x onerror=alert(1)>'),
  };
  const visitor = await Visitor.signedIn(browser, lab);
  for (const [code, path] of Object.entries(cases)) {
    const [text] = await upload(visitor, [path]);
    assert.ok(text.includes(path.split('/').at(-1)), `${code}: names the file`);
    const cure = await visitor.page.locator('.files .cure').first().innerText();
    assert.ok(cure.trim().length > 10, `${code}: ${cure}`);
    if (code !== 'invalid-format') assert.ok(text.includes(code), `${code}: ${text}`);
  }
  const [text] = await upload(visitor, [await file('large.tar.gz', Buffer.alloc((16 << 20) + 1))]);
  assert.match(text, /larger than 16 MiB/);
  assert.deepEqual(await licensed(), []);
  await visitor.close();
});

test('several files, good and bad ones, count one by one', async () => { // SPEC LIC-6, LIC-10
  const visitor = await Visitor.signedIn(browser, lab);
  const module = await lab.issue({ name: 'F-module', entries: MODULE });
  const files = [await lab.issue({ name: 'F-base', entries: BASE }), await file('empty.license', ''), module];
  const texts = await upload(visitor, files);
  assert.match(texts[0], /1 entry installed[^]*F-base/);
  assert.match(texts[1], /empty\.license/);
  assert.doesNotMatch(texts[1], /1 entry installed/);
  assert.match(texts[2], /1 entry installed[^]*F-module/);
  await visitor.page.locator('section[data-key=base]').getByText('F-base').waitFor();
  await visitor.page.locator('section[data-key=module]').getByText('F-module').waitFor();
  assert.deepEqual(await licensed(), ['F-base', 'F-module']);
  const again = await upload(visitor, [module]);
  assert.match(again[0], /already-imported/);
  await visitor.close();
});

test('a module is deleted after a question, a base says why not', async () => { // SPEC LIC-2
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  const removals = () => visitor.requests.filter(({ method }) => method === 'DELETE').length;
  await page.locator('section[data-key=module]').getByText('F-module').waitFor();
  const remove = page.getByRole('button', { name: /Delete .* F-module/ });
  await remove.click();
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.deepEqual([removals(), await licensed()], [0, ['F-base', 'F-module']], 'Escape is no');
  await remove.click();
  await visitor.button('Delete license').click();
  await page.getByText('No modules are licensed.').waitFor();
  assert.deepEqual(await licensed(), ['F-base']);
  await page.getByRole('button', { name: /Delete .* F-base/ }).click();
  await page.getByRole('dialog').getByText('The base license cannot be deleted').waitFor();
  await visitor.button('Close').click();
  assert.equal(removals(), 1);
  await visitor.close();
});

test('a license on a USB key cannot be deleted, and says so', async () => { // SPEC LIC-2
  const visitor = await Visitor.signedIn(browser, lab);
  await lab.plug({ key: 'red', port: 'b' });
  const { page } = visitor;
  await page.locator('section[data-key=base] tr', { hasText: 'USB key' }).getByRole('button', { name: /Delete/ }).click();
  await page.getByRole('dialog').getByText('on a USB key belong').waitFor();
  await visitor.button('Close').click();
  await lab.pull({ key: 'red', port: 'b' });
  await visitor.close();
});

test('what somebody else installs or deletes shows at once, also when it changes nothing else', async () => { // SPEC KEY-6, LIC-10
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  const list = page.locator('section[data-key=documents]');
  const row = (id) => list.locator('tr', { has: page.locator('code', { hasText: new RegExp(`^${id}$`) }) });
  const install = async (name, options = []) => {
    const file = await lab.issue({ name, entries: MODULE, options: ['--not-before', '2026-01-01T00:00:00Z', ...options] });
    await lab.cli({ node: 'b', arguments: ['license', 'install', file] });
  };
  await list.getByText('F-base').waitFor();
  await install('F-twice');
  await row('F-twice').getByText('Valid', { exact: true }).waitFor();

  const status = async () => {
    const { time, clock, if_removed_now: forecast, revisions, ...rest } = await lab.request({ node: 'a', method: 'GET', path: '/v1/status' });
    return rest;
  };
  const before = await status();
  await page.waitForTimeout(1100); // what supersedes was issued later, by whole seconds
  await install('F-after', ['--supersedes', 'F-twice']);
  await row('F-after').waitFor();
  await row('F-twice').getByText('Superseded', { exact: true }).waitFor();
  await page.locator('section[data-key=module]').getByText('F-after').first().waitFor();
  assert.deepEqual(await status(), before, 'the status says nothing of it');
  await lab.request({ node: 'b', method: 'DELETE', path: '/v1/licenses/F-after' });
  await row('F-after').waitFor({ state: 'detached' });
  await row('F-twice').getByText('Valid', { exact: true }).waitFor();
  await lab.request({ node: 'b', method: 'DELETE', path: '/v1/licenses/F-twice' });
  await row('F-twice').waitFor({ state: 'detached' });
  await visitor.close();
});

test('a package is dropped onto the page', async () => { // SPEC LIC-6
  const visitor = await Visitor.signedIn(browser, lab);
  const { page } = visitor;
  const second = await lab.issue({ name: 'F-second', entries: BASE, options: ['--supersedes', 'F-base'] });
  const archive = await lab.package({ name: 'both', files: [second, `${lab.about.dir}/vendor/F-module.license`] });
  const bytes = (await readFile(archive)).toString('base64');
  const data = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], 'both.tar.gz'));
    return transfer;
  }, bytes);
  await page.dispatchEvent('.drop', 'dragover', { dataTransfer: data });
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: data });
  const [text] = await results(visitor, 1);
  assert.match(text, /2 entries installed/);
  await visitor.close();
});
