// Questions that wait for an answer: <dialog> keeps the focus inside, Escape leaves it, and the focus goes back to where it was.
import { h } from './dom.js';
import { problemNote } from './parts.js';
import { t } from './strings.js';

/**
 * Shows a dialog; resolves to true once `run` has succeeded, or to false when it was left. `body`: nodes. `action`: the label
 * of the button that calls `run(form)` (null: there is only Close); what `run` throws is shown in the dialog, which stays.
 * `tone`: 'danger' for what cannot be undone.
 */
export function ask({ title, body, action = null, tone = 'primary', run = async () => {} }) {
  return new Promise((resolve) => {
    let done = false;
    const problem = h('div', {});
    const confirm = action && h(`button.${tone}`, { type: 'submit' }, action);
    const form = h('form', {
      method: 'dialog',
      onsubmit: async (event) => {
        event.preventDefault();
        if (!confirm) return;
        confirm.disabled = true;
        try {
          await run(form);
          done = true;
          dialog.close();
        } catch (refused) {
          problem.replaceChildren(problemNote(refused));
        }
        confirm.disabled = false;
      },
    }, h('h2', { id: 'dialog-title' }, title), ...[body].flat(), problem,
    h('div.buttons', {}, h('button', { type: 'button', onclick: () => dialog.close() }, t(action ? 'action.cancel' : 'action.close')),
      confirm));
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' }, form);
    const before = document.activeElement;
    dialog.addEventListener('close', () => {
      dialog.remove();
      before?.focus?.();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Every dialog goes when its user has to sign in again. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
}
