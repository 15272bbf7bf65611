// @ts-check
import { h, iconButton } from './dom.js'

/**
 * A modal dialog: the browser keeps the focus inside, closes it on Escape and gives the focus back. It is gone from the
 * page once closed.
 * @param {string} title
 * @param {{ class?: string, onClose?: () => void }} [options]
 */
export function openDialog(title, options = {}) {
  const heading = h('h2', { id: 'dialog-title', tabindex: '-1', text: title })
  const body = h('div', { class: 'dialog-body' })
  const dialog = h(
    'dialog',
    { class: `dialog ${options.class ?? ''}`, 'aria-labelledby': 'dialog-title' },
    h(
      'header',
      {},
      heading,
      iconButton('Close', 'close', { onclick: () => dialog.close(), 'data-close': true }),
    ),
    body,
  )
  const before = /** @type {HTMLElement | null} */ (document.activeElement)
  dialog.addEventListener('close', () => {
    const toasts = dialog.querySelector('#toasts')
    if (toasts !== null) document.body.append(toasts)
    dialog.remove()
    if (before?.isConnected) before.focus()
    options.onClose?.()
  })
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  document.body.append(dialog)
  dialog.showModal()
  return {
    dialog,
    body,
    /** @param {string} text */
    setTitle: (text) => {
      heading.textContent = text
    },
    close: () => dialog.close(),
  }
}

/**
 * A labelled field of a form.
 * @param {string} label
 * @param {HTMLElement} field with an id
 * @param {string} [hint]
 */
export function labelled(label, field, hint) {
  const id = field.id
  if (hint) field.setAttribute('aria-describedby', `${id}-hint`)
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id, text: label }),
    field,
    hint ? h('p', { id: `${id}-hint`, class: 'hint', text: hint }) : null,
  )
}
