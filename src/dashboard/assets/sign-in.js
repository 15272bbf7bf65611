// @ts-check
import { post } from './api.js'
import { button, h, icon } from './dom.js'
import { messageOf } from './toast.js'

/**
 * @param {HTMLElement} main
 * @param {() => void} onSignedIn
 */
export function showSignIn(main, onSignedIn) {
  const field = h('input', {
    id: 'token',
    name: 'token',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
    spellcheck: 'false',
    'aria-describedby': 'token-hint token-problem',
  })
  const problem = h('p', { id: 'token-problem', class: 'problem', role: 'alert' })
  const submit = button('Sign in', { kind: 'main', type: 'submit' })
  const form = h(
    'form',
    { class: 'sign-in', novalidate: true, 'aria-labelledby': 'sign-in-title' },
    icon('key'),
    h('h1', { id: 'sign-in-title', text: 'Session supervisor' }),
    h('label', { for: 'token', text: 'Dashboard token' }),
    field,
    h(
      'p',
      { id: 'token-hint', class: 'hint' },
      'The value of ',
      h('code', { text: 'DASHBOARD_TOKEN' }),
      ' of this server.',
    ),
    problem,
    submit,
  )
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    problem.textContent = ''
    field.removeAttribute('aria-invalid')
    if (field.value.trim() === '') return refuse('Type the token first.')
    submit.disabled = true
    try {
      await post('/session', { token: field.value.trim() })
      field.value = ''
      onSignedIn()
    } catch (error) {
      refuse(messageOf(error))
    } finally {
      submit.disabled = false
    }
  })
  /** @param {string} message */
  function refuse(message) {
    problem.textContent = message
    field.setAttribute('aria-invalid', 'true')
    field.focus()
    field.select()
  }
  main.replaceChildren(form)
  document.title = 'Sign in · Session supervisor'
  field.focus()
}
