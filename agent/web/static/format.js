// Numbers and times as the reader writes them.
import { h } from './dom.js';
import { now } from './clock.js';
import { locale, t, tn } from './strings.js';

const UNITS = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];

const made = new Map();

/** Making a formatter takes longer than using it a hundred times. */
function formatter(Kind, options = {}) {
  const key = `${Kind.name} ${locale()} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Kind(locale(), options));
  return made.get(key);
}

export const number = (value) => formatter(Intl.NumberFormat).format(value);

export function dateTime(text) {
  return formatter(Intl.DateTimeFormat, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(text));
}

export function day(text) {
  return formatter(Intl.DateTimeFormat, { dateStyle: 'medium' }).format(new Date(text));
}

/** "3 hours ago", "in 12 days". */
export function relative(text) {
  const seconds = Math.round((Date.parse(text) - now()) / 1000);
  if (Math.abs(seconds) < 5) return t('time.now');
  const [unit, size] = UNITS.find(([, of]) => Math.abs(seconds) >= of);
  return formatter(Intl.RelativeTimeFormat, { numeric: 'always' }).format(Math.trunc(seconds / size), unit);
}

/** What is left: "29 days, 23 hours"; below an hour to the second. */
export function left(text) {
  let seconds = Math.max(0, Math.floor((Date.parse(text) - now()) / 1000));
  const parts = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0 || parts.length) parts.push(tn(`time.${unit}`, count));
    if (parts.length === 2) break;
  }
  return parts.length ? parts.join(t('list.separator')) : tn('time.second', 0);
}

const STYLES = { relative, left, dateTime, day };

/** A time that keeps itself right: `style` is relative, left, dateTime or day. The whole of it is its title. */
export function timeOf(text, style = 'dateTime') {
  if (!text) return '';
  return h('time', { datetime: text, title: dateTime(text), 'data-style': style }, STYLES[style](text));
}

/** Once a second, while somebody looks: a timer of the page, that asks the agent nothing. */
export function keepTimesRight() {
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll('time[data-style=relative], time[data-style=left]')) {
      const text = STYLES[element.dataset.style](element.dateTime);
      if (element.textContent !== text) element.textContent = text;
    }
  }, 1000);
}
