// Every view for everybody: accessible (axe-core), narrow and wide, light and dark, in both languages, by keyboard alone,
// small, and under its own policy: SPEC SEC-3, ALERT-1, SRV-1. Pictures of all of it go to LATCHKEY_SCREENSHOTS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdir } from 'node:fs/promises';
import axe from 'axe-core';

import { person } from './browser.mjs';
import { furnish, settle } from './furnished.mjs';
import { browser, lab, stage } from './stage.mjs';
import { Visitor } from './visitor.mjs';

const VIEWS = ['license', 'consumers', 'records', 'trust', 'alerts'];
const PICTURES = process.env.LATCHKEY_SCREENSHOTS;
const MOST_BYTES = 150_000;

stage(async () => {
  await furnish(lab);
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
});

const picture = ({ page }, name) => PICTURES && page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });

/** What axe-core finds that keeps people out. */
async function barriers({ page }) {
  await page.evaluate(`${axe.source}; undefined`);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

const overhang = ({ page }) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const colorScheme of ['light', 'dark']) {
  for (const locale of ['en-GB', 'zh-CN']) {
    test(`every view in ${colorScheme} and ${locale}`, async () => {
      const visitor = await Visitor.at(browser, lab, { colorScheme, locale, viewport: { width: 1280, height: 800 } });
      assert.deepEqual(await barriers(visitor), [], 'sign-in');
      await picture(visitor, `sign-in-${locale}-${colorScheme}`);
      await visitor.signIn('mary');
      for (const view of VIEWS) {
        await visitor.page.setViewportSize({ width: 1280, height: 800 });
        await visitor.view(view);
        await settle(visitor, view);
        assert.deepEqual(await barriers(visitor), [], view);
        assert.deepEqual(await visitor.unspoken(), [], view);
        await picture(visitor, `${view}-${locale}-${colorScheme}`);
        for (const width of [360, 1920]) {
          await visitor.page.setViewportSize({ width, height: 800 });
          assert.ok(await overhang(visitor) <= 0, `${view} at ${width}`);
          await picture(visitor, `${view}-${locale}-${colorScheme}-${width}`);
        }
      }
      await visitor.close();
    });
  }
}

test('a dialog keeps nobody out either', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const visitor = await Visitor.signedIn(browser, lab, { colorScheme });
    await visitor.view('consumers');
    await visitor.button('Release what vm-1 holds').click();
    await visitor.page.getByRole('dialog').waitFor();
    assert.deepEqual(await barriers(visitor), []);
    await picture(visitor, `dialog-${colorScheme}`);
    await visitor.close();
  }
});

/** Presses Tab until `wanted` has the focus; each place on the way must be seen to have it. */
async function tabTo({ page }, wanted) {
  for (let presses = 0; presses < 80; ++presses) {
    await page.keyboard.press('Tab');
    const place = await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      return { name: element.getAttribute('aria-label') ?? element.textContent ?? '', seen: style.outlineStyle !== 'none', tag: element.tagName };
    });
    assert.ok(place.tag === 'BODY' || place.seen, `no focus to be seen on ${place.tag} ${place.name}`);
    if (place.name.includes(wanted)) return;
  }
  assert.fail(`the keyboard does not get to ${wanted}`);
}

test('the keyboard alone is enough', async () => {
  const visitor = await Visitor.at(browser, lab);
  const { page } = visitor;
  await page.waitForFunction(() => document.activeElement.name === 'name');
  await page.keyboard.type('mary');
  await page.keyboard.press('Tab');
  await page.keyboard.type(lab.about.password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.strip');
  await tabTo(visitor, 'Choose files');
  await tabTo(visitor, 'Skip to the content');
  await tabTo(visitor, 'Consumers');
  await page.keyboard.press('Enter');
  await page.locator('tr', { hasText: 'vm-1' }).waitFor();
  await tabTo(visitor, 'Release what vm-1');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  assert.ok(await dialog.evaluate((element) => element.contains(document.activeElement)), 'the focus is in the question');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Release what vm-1 holds', 'and back where it was');
  await visitor.close();
});

test('the page is small and its policy is strict', async () => { // SPEC SEC-3
  const visitor = await Visitor.at(browser, lab);
  const { page, context } = visitor;
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  const answer = await page.reload({ waitUntil: 'load' });
  await visitor.signIn('mary');
  for (const view of VIEWS) await visitor.view(view);
  await settle(visitor, 'alerts');
  console.log(`# the whole page and its views: ${bytes} bytes transferred`);
  assert.ok(bytes > 10_000 && bytes < MOST_BYTES, `${bytes} bytes`);

  const policy = (await answer.allHeaders())['content-security-policy'];
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  const blocked = await page.evaluate(() => new Promise((resolve) => {
    addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective));
    const image = document.createElement('img');
    image.setAttribute('src', 'https://example.invalid/pixel');
    document.body.append(image);
  }));
  assert.equal(blocked, 'img-src', 'the policy is in force');
  visitor.faults.length = 0; // this once it was meant
  await visitor.close();
});

test('no other page can frame this one', async () => { // SPEC SEC-2
  const context = await person(browser);
  const page = await context.newPage();
  await page.goto(lab.url('b', '/health/live'));
  const refused = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'));
  await page.evaluate((src) => document.body.append(Object.assign(document.createElement('iframe'), { src })), lab.url('a'));
  await refused;
  await context.close();
});
