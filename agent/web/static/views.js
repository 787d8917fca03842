// The views, in the order of the navigation; the first is where one begins. shell.js says how one is added.
import license from './views/license.js';

export const views = [license];
