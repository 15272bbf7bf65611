// @ts-check
import { get, pathOf, post } from './api.js'
import { labelled, openDialog } from './dialog.js'
import { button, h, icon } from './dom.js'
import { bytes, counted } from './format.js'
import { messageOf, toast } from './toast.js'
import { adviceOfError } from './words.js'

/** @typedef {import('../payloads.js').LogoutPreviewPayload} LogoutPreviewPayload */

/**
 * Says what would be deleted and wants the tenant's id typed before it is.
 * @param {string} tenantId
 */
export async function openLogoutDialog(tenantId) {
  const abort = new AbortController()
  const shown = openDialog(`Log out ${tenantId}`, { class: 'is-logout', onClose: () => abort.abort() })
  shown.body.append(h('p', { class: 'hint', role: 'status', text: 'Looking at what there is…' }))
  try {
    /** @type {LogoutPreviewPayload} */
    const preview = await get(`${pathOf(tenantId)}/logout-preview`, abort.signal)
    shown.body.replaceChildren(confirmation(preview, shown.close))
    shown.body.querySelector('input')?.focus()
  } catch (error) {
    if (abort.signal.aborted) return
    shown.body.replaceChildren(h('p', { class: 'problem', role: 'alert', text: messageOf(error) }))
  }
}

/**
 * @param {LogoutPreviewPayload} preview
 * @param {() => void} close
 */
function confirmation(preview, close) {
  const { tenantId } = preview
  const typed = h('input', { id: 'confirm', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' })
  const problem = h('p', { class: 'problem', role: 'alert' })
  const submit = button('Log out and delete', {
    kind: 'danger',
    type: 'submit',
    disabled: true,
    'data-confirm': true,
  })
  const form = h(
    'form',
    { class: 'stack', novalidate: true },
    h('p', { text: 'This cannot be taken back. It will:' }),
    h(
      'ul',
      { class: 'losses', 'data-losses': true },
      ...losses(preview).map((text) => h('li', {}, icon('minus'), h('span', { text }))),
    ),
    preview.problem === null
      ? null
      : h('p', { class: 'note is-warn' }, icon('warn'), h('span', { text: preview.problem })),
    h('p', {
      class: 'hint',
      text: 'To have it off for a while only, stop it instead: that keeps everything.',
    }),
    labelled(`Type ${tenantId} to confirm`, typed),
    problem,
    h('div', { class: 'buttons' }, button('Cancel', { onclick: close }), submit),
  )
  typed.addEventListener('input', () => {
    submit.disabled = typed.value !== tenantId
  })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (typed.value !== tenantId) return
    submit.disabled = true
    submit.setAttribute('aria-busy', 'true')
    problem.textContent = ''
    try {
      /** @type {{ lastError: string | null }} */
      const { lastError } = await post(`${pathOf(tenantId)}/logout`, { confirm: tenantId })
      close()
      if (lastError === 'notUnlinked') toast(`${tenantId} is deleted. ${adviceOfError(lastError)}`, 'bad')
      else toast(`${tenantId} is logged out; its session is deleted everywhere.`)
    } catch (error) {
      problem.textContent = messageOf(error)
      submit.disabled = false
    } finally {
      submit.removeAttribute('aria-busy')
    }
  })
  return form
}

/** @param {LogoutPreviewPayload} preview */
function losses({ device, phoneNumber, generations, objects, bytes: size, localFiles, unprotectedChanges }) {
  const phone = phoneNumber === null ? 'the phone' : `the phone ${phoneNumber}`
  const unlinked = {
    linked: `unlink this device at WhatsApp, from ${phone}`,
    notLinked: 'unlink nothing at WhatsApp: no device is linked',
    unknown: 'try to unlink the device at WhatsApp; whether one is linked cannot be told from here',
  }
  const isUnknown = generations === null || objects === null
  const stored = isUnknown
    ? 'delete all backups (the store does not answer now, so it is not known how many)'
    : `delete ${counted(generations, 'backup generation')}: ${counted(objects, 'object')}, ${bytes(size)} in the store`
  const list = [unlinked[device], stored, `delete ${counted(localFiles, 'file')} on the disk of this host`]
  if (unprotectedChanges > 0)
    list.push(`drop ${counted(unprotectedChanges, 'change')} that no backup has yet`)
  return list
}
