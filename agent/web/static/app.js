// Where the page begins.
import { keepTimesRight } from './format.js';
import { keepSession, load } from './session.js';
import { Shell } from './shell.js';
import { loadLanguage, preferredLanguage } from './strings.js';

// A file that misses the place for it is not opened instead of the page.
for (const event of ['dragover', 'drop']) addEventListener(event, (dragged) => dragged.preventDefault());

const shell = new Shell(document.getElementById('root'));
try {
  const [signedIn] = await Promise.all([load(), loadLanguage(preferredLanguage())]);
  keepTimesRight();
  keepSession();
  if (signedIn) shell.start();
  else shell.askPassword(false);
} catch {
  // The agent went away while the page came: there are no words of ours yet, in any language.
  document.getElementById('root').append('The agent cannot be reached. 无法连接到代理。 ');
  const again = document.createElement('button');
  again.append('↻');
  again.setAttribute('aria-label', 'Reload – 重新加载');
  again.onclick = () => location.reload();
  document.getElementById('root').append(again);
}
