// Where the page begins.
import { keepTimesRight } from './format.js';
import { keepSession, load } from './session.js';
import { Shell } from './shell.js';
import { loadLanguage, preferredLanguage } from './strings.js';

// A file that misses the place for it is not opened instead of the page.
for (const event of ['dragover', 'drop']) addEventListener(event, (dragged) => dragged.preventDefault());

const shell = new Shell(document.getElementById('root'));
const [signedIn] = await Promise.all([load().catch(() => false), loadLanguage(preferredLanguage())]);
keepTimesRight();
keepSession();
if (signedIn) shell.start();
else shell.askPassword(false);
