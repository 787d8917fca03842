// The pictures of the README, into the folder that is named (`tools/dev screenshots`).
import { launch } from './browser.mjs';
import { furnish, settle } from './furnished.mjs';
import { Lab } from './lab.mjs';
import { Visitor } from './visitor.mjs';

const folder = process.argv[2];
const [lab, browser] = await Promise.all([Lab.start(), launch()]);

/** What fits on a screen of that size. */
async function take(name, view, { height, width = 1280, ...options } = {}) {
  const visitor = await Visitor.signedIn(browser, lab, { viewport: { width, height }, ...options });
  await visitor.view(view);
  await settle(visitor, view);
  await visitor.page.screenshot({ path: `${folder}/${name}.png` });
  await visitor.close();
}

try {
  await furnish(lab);
  await lab.pull({ key: 'green', port: 'b' });
  await take('license', 'license', { height: 800 });
  await take('consumers', 'consumers', { height: 480 });
  await take('records', 'records', { height: 640, colorScheme: 'dark' });
  await lab.pull({ key: 'red', port: 'a' });
  await take('buffer-narrow', 'license', { width: 390, height: 800, colorScheme: 'dark', locale: 'zh-CN' });
} finally {
  await Promise.all([lab.stop(), browser.close()]);
}
