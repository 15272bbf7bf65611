// @ts-check
import { pathOf, post } from './api.js'
import { labelled, openDialog } from './dialog.js'
import { button, h } from './dom.js'
import { PairProgress } from './pair-progress.js'
import { tenantHash } from './router.js'
import { messageOf } from './toast.js'

/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('../payloads.js').TenantRow} TenantRow */

/** Asks for a new tenant, then shows its code. @param {Store} store */
export function openAddDialog(store) {
  const shown = openDialog('Add a tenant', { class: 'is-pair', onClose: () => progress?.end() })
  /** @type {PairProgress | undefined} */
  let progress
  const id = h('input', {
    id: 'new-id',
    required: true,
    maxlength: '128',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'tenant-1',
  })
  const way = wayFields()
  const problem = h('p', { class: 'problem', role: 'alert' })
  const submit = button('Add and pair', { kind: 'main', type: 'submit' })
  const form = h(
    'form',
    { class: 'stack', novalidate: true },
    labelled(
      'Tenant id',
      id,
      'Letters, digits, and - _ . in between. It names the tenant everywhere and stays.',
    ),
    way.element,
    problem,
    h('div', { class: 'buttons' }, submit),
  )
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    problem.textContent = ''
    submit.disabled = true
    submit.setAttribute('aria-busy', 'true')
    const tenantId = id.value.trim()
    try {
      /** @type {TenantRow} */
      const row = await post('/tenants', { tenantId, ...way.value() })
      store.learn(row)
      shown.setTitle(`Pair ${tenantId}`)
      progress = new PairProgress(store, tenantId, { onOpen: () => leaveFor(tenantId, shown.close) })
      shown.body.replaceChildren(progress.element)
      progress.begin()
    } catch (error) {
      problem.textContent = messageOf(error)
      id.focus()
    } finally {
      submit.disabled = false
      submit.removeAttribute('aria-busy')
    }
  })
  shown.body.append(form)
  id.focus()
}

/**
 * The code of a tenant that is there; starts it first when it does not run.
 * @param {Store} store
 * @param {TenantRow} row
 */
export function openPairDialog(store, row) {
  const { tenantId } = row
  const shown = openDialog(`Pair ${tenantId}`, { class: 'is-pair', onClose: () => progress.end() })
  const progress = new PairProgress(store, tenantId, {
    onOpen: shown.close,
    onAgain: (phoneNumber) => post(`${pathOf(tenantId)}/start`, phoneNumber ? { phoneNumber } : {}),
  })
  shown.body.append(progress.element)
  progress.begin()
}

/**
 * @param {string} tenantId
 * @param {() => void} close
 */
function leaveFor(tenantId, close) {
  close()
  location.hash = tenantHash(tenantId)
}

/** QR, or a code to type, for which WhatsApp wants the number. */
function wayFields() {
  const number = h('input', {
    id: 'new-number',
    type: 'tel',
    autocomplete: 'off',
    placeholder: '+62 812 0000 0001',
    maxlength: '30',
  })
  const numberField = labelled(
    'Phone number',
    number,
    'With the country code. WhatsApp then shows a prompt on that phone.',
  )
  numberField.hidden = true
  const radio = (/** @type {string} */ value, /** @type {string} */ label, isOn = false) =>
    h(
      'label',
      { class: 'choice' },
      h('input', { type: 'radio', name: 'way', value, checked: isOn }),
      h('span', { text: label }),
    )
  const element = h(
    'fieldset',
    { class: 'field' },
    h('legend', { text: 'Pair by' }),
    h('div', { class: 'choices' }, radio('qr', 'QR code', true), radio('code', 'Code to type')),
    numberField,
  )
  const isCode = () => element.querySelector('input:checked')?.getAttribute('value') === 'code'
  element.addEventListener('change', () => {
    numberField.hidden = !isCode()
    if (isCode()) number.focus()
  })
  return { element, value: () => (isCode() ? { phoneNumber: number.value.trim() } : {}) }
}
