// Where the page begins.
import { keepTimesRight } from './format.js';
import { load } from './session.js';
import { Shell } from './shell.js';
import { loadLanguage, preferredLanguage } from './strings.js';

const shell = new Shell(document.getElementById('root'));
const [signedIn] = await Promise.all([load().catch(() => false), loadLanguage(preferredLanguage())]);
keepTimesRight();
if (signedIn) shell.start();
else shell.askPassword(false);
