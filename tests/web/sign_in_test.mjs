// Coming in and going out: SPEC SEC-2, SRV-1, ALERT-1.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { browser, lab, stage } from './stage.mjs';
import { Visitor } from './visitor.mjs';

stage();

test('a wrong password is refused with its cure, and the right one lets in', async () => { // SPEC SEC-2
  const visitor = await Visitor.at(browser, lab);
  const { page } = visitor;
  await page.fill('[name=name]', 'mary');
  await page.fill('[name=password]', 'incorrect horse battery');
  await page.keyboard.press('Enter');
  const refusal = page.getByRole('alert');
  await refusal.waitFor();
  assert.match(await refusal.textContent(), /password is wrong.*latchkey server account set/s);
  assert.equal(await page.locator('.strip').count(), 0);
  await visitor.signIn('mary');
  // SPEC ALERT-1: nothing is licensed, so the page leads to License Management.
  assert.equal(new URL(page.url()).hash, '#/license');
  await visitor.close();
});

test('the header says who, where and what', async () => { // SPEC SRV-1, KEY-6
  for (const [name, role] of [['mary', 'administrator'], ['otto', 'operator'], ['vera', 'viewer']]) {
    const visitor = await Visitor.signedIn(browser, lab, { name });
    const header = await visitor.page.locator('header').innerText();
    for (const word of [name, role, 'node-a', 'node-b', 'Linked', 'Missing', 'Listening', 'Version ']) assert.ok(header.includes(word), word);
    await visitor.close();
  }
});

test('the state is there one round trip after sign-in', async () => { // SPEC SRV-1
  const visitor = await Visitor.at(browser, lab);
  const { context, page, requests } = visitor;
  const before = requests.length;
  // Whatever else the page asks for is not answered: neither scripts nor lists are needed for the state.
  await context.route((url) => !['/v1/session', '/v1/events'].includes(url.pathname), () => {});
  await visitor.signIn('mary');
  await page.locator('header', { hasText: 'Missing' }).waitFor();
  const asked = requests.slice(before).map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(asked.filter((request) => /session|events/.test(request)), ['POST /v1/session', 'GET /v1/events']);
  await context.unrouteAll();
  await visitor.close();
});

test('who may not do a thing is not offered it', async () => { // SPEC SEC-2, LIC-2
  const offered = { mary: [1, 1], otto: [1, 0], vera: [0, 0] };
  for (const [name, [refresh, upload]] of Object.entries(offered)) {
    const visitor = await Visitor.signedIn(browser, lab, { name });
    assert.equal(await visitor.button('Refresh').count(), refresh, name);
    assert.equal(await visitor.button('Choose files…').count(), upload, name);
    await visitor.view('trust');
    await visitor.page.getByRole('heading', { name: 'Identities', exact: true }).waitFor();
    assert.equal(await visitor.page.getByRole('heading', { name: 'Accounts' }).count(), upload, name);
    await visitor.close();
  }
});

test('the browser decides on the language until its user does', async () => {
  const visitor = await Visitor.at(browser, lab, { locale: 'zh-CN' });
  const { page } = visitor;
  assert.equal(await page.locator('h1').innerText(), '登录');
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  await visitor.signIn('mary');
  assert.equal(await page.locator('main h1').innerText(), '许可证管理');
  await page.getByLabel('语言').selectOption('en');
  await page.getByRole('heading', { name: 'License Management' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'License Management' }).waitFor();
  await visitor.close();
});

test('an agent says its refusals in Chinese, too', async () => { // SPEC SEC-2
  const visitor = await Visitor.at(browser, lab, { locale: 'zh-CN' });
  const { page } = visitor;
  await page.fill('[name=name]', 'nobody');
  await page.fill('[name=password]', 'incorrect horse battery');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  assert.match(await page.getByRole('alert').textContent(), /\p{Script=Han}{4}/u);
  await visitor.close();
});

test('a session that ends asks for the password, and goes on where it was', async () => { // SPEC SEC-2
  const visitor = await Visitor.signedIn(browser, lab, { name: 'otto' });
  const { page } = visitor;
  await visitor.view('records');
  await lab.setAccount({ name: 'otto' });
  await page.evaluate(() => { location.hash = '#/trust'; });
  await page.getByText('Your session has ended').waitFor();
  assert.ok(await page.locator('.page').isHidden(), 'nothing is left to be read');
  assert.equal(await page.inputValue('[name=name]'), 'otto');
  await visitor.signIn('otto');
  await page.getByRole('heading', { name: 'Trust and identities' }).waitFor();
  await visitor.close();
});

test('signing out ends the session', async () => { // SPEC SEC-2
  const visitor = await Visitor.signedIn(browser, lab);
  const { page, context } = visitor;
  const kept = await context.cookies();
  await visitor.button('Sign out').click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await context.addCookies(kept.map(({ name, value }) => ({ name, value, url: lab.url('a'), secure: true })));
  await page.reload();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await visitor.close();
});
