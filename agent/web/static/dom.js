// The document as values: h() makes elements, morph() turns what is shown into what should be shown.
// Everything that comes from the agent ends up in text nodes and attributes, never in markup.

const HANDLERS = ['onclick', 'onsubmit', 'onchange', 'oninput', 'onkeydown', 'ondragover', 'ondragleave', 'ondrop'];
// What their user changes: it stays while the rest is brought up to date.
const OF_THE_USER = { DETAILS: ['open'], DIALOG: ['open'], INPUT: ['value', 'checked'], OPTION: ['selected'] };

/**
 * An element. `name`: tag and classes, as 'button.primary'. `attributes`: a function for 'on…', true or false for an
 * attribute without a value, null for none. Children: nodes, texts, numbers, arrays of them; null and false are left out.
 * `data-key` names an element among its siblings, so that morph() finds it again.
 */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false && child !== '') {
      element.append(child instanceof Node ? child : String(child));
    }
  }
}

/** Large parts of a view that are drawn anew only when what they show has changed. */
export class Parts {
  constructor() {
    this.known = new Map();
  }

  /** `draw()`, or when `values` (compared one by one) are those of last time a stand-in, which morph() leaves as it is shown. */
  part(key, values, draw) {
    const last = this.known.get(key);
    const shown = last && (last.element.becameOf ?? last.element);
    if (shown?.isConnected && values.every((value, index) => value === last.values[index])) {
      const standIn = h('i', { 'data-stands-for': key });
      standIn.standsFor = shown;
      return standIn;
    }
    const element = draw();
    this.known.set(key, { element, values });
    return element;
  }
}

/** What is put in its place for good has no stand-ins in it. */
function settled(wanted) {
  if (wanted.standsFor) return wanted.standsFor;
  for (const one of wanted.querySelectorAll?.('[data-stands-for]') ?? []) one.replaceWith(one.standsFor);
  return wanted;
}

/** Makes `shown` look like `wanted`, keeping focus, scrolling and what was typed. Returns what is shown then. */
export function morph(shown, wanted) {
  if (wanted.standsFor === shown) return shown;
  if (!alike(shown, wanted)) {
    const other = settled(wanted);
    shown.replaceWith(other);
    return other;
  }
  wanted.becameOf = shown;
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.data !== wanted.data) shown.data = wanted.data;
    return shown;
  }
  morphAttributes(shown, wanted);
  for (const handler of HANDLERS) if (shown[handler] !== wanted[handler]) shown[handler] = wanted[handler];
  morphChildren(shown, [...wanted.childNodes]);
  return shown;
}

/** As morph(), for the children of `parent` alone. */
export function morphChildren(parent, wanted) {
  const named = new Map();
  for (const child of parent.children) if (child.dataset.key) named.set(child.dataset.key, child);
  let place = parent.firstChild;
  for (const next of wanted) {
    const key = next.dataset?.key;
    let match = next.standsFor ?? (key ? named.get(key) : place);
    if (!key && !next.standsFor && match && (match.dataset?.key || !alike(match, next))) match = null;
    if (!match) {
      parent.insertBefore(settled(next), place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else parent.insertBefore(match, place);
    morph(match, next);
  }
  while (place) {
    const rest = place.nextSibling;
    place.remove();
    place = rest;
  }
}

function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.dataset?.key === b.dataset?.key &&
    (a.type === undefined || a.type === b.type);
}

function morphAttributes(shown, wanted) {
  const kept = OF_THE_USER[shown.nodeName] ?? [];
  for (const { name } of [...shown.attributes]) {
    if (!wanted.hasAttribute(name) && !kept.includes(name)) shown.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (!kept.includes(name) && shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
}

/** Tells those who do not see the page what has changed. */
export function announce(text) {
  const place = document.getElementById('announcer');
  if (place.textContent !== text) place.textContent = text;
}
