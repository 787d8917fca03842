// All records that a filter lets through, as one file; page by page, as the agent hands them out.
import { getText, saveAs } from '../api.js';

const PAGE = 1000;

/** Without its line of headings. */
const withoutHeadings = (csv) => csv.slice(csv.indexOf('\n') + 1);

async function csvPages(path) {
  const parts = [];
  let before = 0;
  do {
    const { text, headers } = await getText(path({ format: 'csv', limit: PAGE, before }));
    parts.push(parts.length ? withoutHeadings(text) : text);
    before = Number(headers.get('latchkey-next') ?? 0);
  } while (before);
  return new Blob(parts, { type: 'text/csv' });
}

async function jsonPages(path) {
  const records = [];
  let before = 0;
  do {
    const page = JSON.parse((await getText(path({ limit: PAGE, before }))).text);
    records.push(...page.records);
    before = page.next;
  } while (before);
  return new Blob([JSON.stringify({ records }, null, 1)], { type: 'application/json' });
}

/** `path(more)`: the address of a page with these parameters more. Throws a Problem. */
export async function exportRecords(path, format, name) {
  saveAs(await (format === 'csv' ? csvPages(path) : jsonPages(path)), name);
}
