// Name and password. Shown in place of the page, which stays as it was behind it.
import { Problem, post } from './api.js';
import { announce, h } from './dom.js';
import { languageChoice } from './header.js';
import { problemNote } from './parts.js';
import { opened, userName } from './session.js';
import { t } from './strings.js';

/** `expired`: somebody was signed in. `onSignedIn(name)`, once the agent has let them in. */
export function signIn({ expired, onSignedIn, onLanguage }) {
  const problem = h('div', {});
  const send = h('button.primary', { type: 'submit' }, t('sign-in.submit'));
  const form = h('form.card', {
    onsubmit: async (event) => {
      event.preventDefault();
      send.disabled = true;
      problem.replaceChildren();
      try {
        const name = form.elements.name.value.trim();
        const answer = await post('/v1/session', { name, password: form.elements.password.value });
        opened(answer);
        onSignedIn(answer.name);
      } catch (refused) {
        if (!(refused instanceof Problem)) throw refused;
        problem.replaceChildren(problemNote(refused));
        announce(refused.detail);
        form.elements.password.select();
      }
      send.disabled = false;
    },
  },
  h('h1', {}, t('sign-in.title')),
  expired ? h('p.note.info', {}, t('sign-in.expired')) : '',
  h('label', {}, t('sign-in.name'), h('input', { name: 'name', autocomplete: 'username', required: true, maxlength: 64,
    autocapitalize: 'none', spellcheck: 'false', value: expired ? userName() : '' })),
  h('label', {}, t('sign-in.password'), h('input', { name: 'password', type: 'password', autocomplete: 'current-password',
    required: true, maxlength: 256 })),
  problem, h('div.buttons', {}, send), h('p.quiet', {}, t('sign-in.help')));
  return h('main.sign-in', {}, h('div.sign-in-top', {}, h('span.brand', {}, 'Latchkey'), languageChoice(onLanguage)), form);
}
