// The deployment and the browser of one file of tests: there before its first test, gone after its last.
import { after, before } from 'node:test';

import { launch } from './browser.mjs';
import { Lab } from './lab.mjs';

export let lab, browser;

/** `furnish()`: what the tests find there. */
export function stage(furnish = async () => {}) {
  before(async () => {
    // One after the other: when one does not come up, nothing is left that keeps node alive.
    lab = await Lab.start();
    browser = await launch();
    await furnish();
  });
  after(async () => {
    await Promise.all([lab?.stop(), browser?.close()]);
  });
}
