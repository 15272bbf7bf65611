// @ts-check
import { openDialog } from './dialog.js'
import { h } from './dom.js'

/** @type {[string[], string][]} */
const keys = [
  [['/'], 'filter the tenants'],
  [['↑', '↓', 'Page', 'Home', 'End'], 'move in the list'],
  [['Enter'], 'open the tenant'],
  [['Esc'], 'close a dialog, leave a tenant, clear the filter'],
  [['n'], 'add a tenant'],
  [['+', '−', '0'], 'zoom the picture that has the focus, fit it'],
  [['?'], 'this list'],
]

export function openKeysDialog() {
  const { body, dialog } = openDialog('Keys', { class: 'is-keys' })
  body.append(
    h(
      'dl',
      { class: 'keys' },
      ...keys.flatMap(([names, what]) => [
        h('dt', {}, ...names.map((name) => h('kbd', { text: name }))),
        h('dd', { text: what }),
      ]),
    ),
  )
  dialog.querySelector('h2')?.focus()
}
