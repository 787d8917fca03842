// Long lists, page by page, as the agent hands them out.
import { announce, h } from './dom.js';
import { number } from './format.js';
import { button } from './parts.js';
import { t } from './strings.js';

/** Where in a list its reader is: the places where the pages begin that led there, by what the agent calls `next`. */
export class Pages {
  /** `turned()`: another page is wanted. `names`: what going back to the beginning and going on are called. */
  constructor(turned, names = ['page.first', 'page.next']) {
    Object.assign(this, { turned, names });
    this.places = [0];
  }

  get place() {
    return this.places.at(-1);
  }

  get atBeginning() {
    return this.places.length === 1;
  }

  /** To the beginning, without asking. */
  reset() {
    this.places = [0];
  }

  /** Which part of so many is shown: of one page nothing needs to be said. */
  where(shown, all) {
    const before = this.place;
    return shown < all ? t('page.where', { first: number(before + 1), last: number(before + shown), count: number(all) }) : '';
  }

  async turn(places) {
    this.places = places;
    await this.turned();
    if (this.shown) announce(this.shown);
  }

  /** `next`: of the shown page; 0: it is the last. `where`: which part of the list is shown, in words. */
  draw(next, where = '') {
    this.shown = where;
    const needed = next || !this.atBeginning;
    const step = (key, label, possible, places) => button('', t(label), () => possible && this.turn(places),
      { 'data-key': key, 'aria-disabled': possible ? null : 'true' }); // it keeps the focus of who pressed it
    if (!needed && !where) return '';
    return h('div.buttons', { 'data-key': 'pages' }, where ? h('span.quiet.where', { 'data-key': 'where' }, where) : '',
      needed ? [step('first', this.names[0], !this.atBeginning, [0]), step('next', this.names[1], Boolean(next), [...this.places, next])] : '');
  }
}
