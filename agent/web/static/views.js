// The views, in the order of the navigation; the first is where one begins. shell.js says how one is added.
import alerts from './views/alerts.js';
import consumers from './views/consumers.js';
import license from './views/license.js';
import records from './views/records.js';
import trust from './views/trust.js';

export const views = [license, consumers, records, trust, alerts];
