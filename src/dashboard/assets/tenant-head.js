// @ts-check
import { pathOf, post } from './api.js'
import { button, drawIcon, h, icon, setAttribute, setText } from './dom.js'
import { openLogoutDialog } from './logout-dialog.js'
import { openPairDialog } from './pair-dialog.js'
import { messageOf, toast } from './toast.js'
import { appearance } from './words.js'

/** @typedef {import('../payloads.js').TenantRow} TenantRow */
/** @typedef {'start' | 'stop' | 'backup' | 'audit'} Verb */

/** @type {Record<Verb, { label: string, busy: string, icon: string, title: string, done: (row: TenantRow) => string }>} */
const verbs = {
  backup: {
    label: 'Back up now',
    busy: 'Backing up…',
    icon: 'backup',
    title: 'Commits everything up to now',
    done: (row) => `${row.tenantId}: everything is backed up, generation ${row.generation}.`,
  },
  audit: {
    label: 'Audit',
    busy: 'Looking…',
    icon: 'audit',
    title: 'Looks for changes that other programs made to the files, and backs them up',
    done: (row) =>
      `${row.tenantId}: the files are as the newest backup has them, generation ${row.generation}.`,
  },
  stop: {
    label: 'Stop',
    busy: 'Stopping…',
    icon: 'stop',
    title: 'Final backup, then off; the session is kept',
    done: (row) => `${row.tenantId} is stopped; its session stays in the store.`,
  },
  start: {
    label: 'Start',
    busy: 'Starting…',
    icon: 'start',
    title: 'Restores the session if need be and connects',
    done: (row) => `${row.tenantId} is being started.`,
  },
}

/** Name and state of the tenant, and what can be asked of it. */
export class TenantHead {
  #store
  #tenantId
  #glyph = icon('disconnected')
  #label = h('span')
  #status = h('p', { class: 'status-word', 'data-status-word': true }, this.#glyph, this.#label)
  #facts = h('p', { class: 'facts' })
  #pair = button('Show the code', {
    icon: 'pairing',
    kind: 'main',
    'data-verb': 'pair',
    onclick: () => this.#openPair(),
  })
  #logout = button('Log out…', {
    icon: 'loggedOut',
    kind: 'danger',
    'data-verb': 'logout',
    title: 'Unlinks the device and deletes the session everywhere',
    onclick: () => void openLogoutDialog(this.#tenantId),
  })
  /** @type {Map<Verb, HTMLButtonElement>} */
  #faces = new Map()
  /** @type {Set<Verb>} */
  #busy = new Set()
  /** @type {TenantRow | null} */
  #row = null

  /**
   * @param {import('./store.js').Store} store
   * @param {string} tenantId
   */
  constructor(store, tenantId) {
    this.#store = store
    this.#tenantId = tenantId
    const actions = h('div', { class: 'buttons actions', role: 'group', 'aria-label': 'Actions' }, this.#pair)
    for (const verb of /** @type {Verb[]} */ (Object.keys(verbs))) {
      const { label, icon: shape, title } = verbs[verb]
      const face = button(label, {
        icon: shape,
        title,
        'data-verb': verb,
        onclick: () => void this.#act(verb),
      })
      this.#faces.set(verb, face)
      actions.append(face)
    }
    actions.append(this.#logout)
    this.element = h(
      'header',
      { class: 'tenant-head' },
      h(
        'div',
        { class: 'tenant-title' },
        h(
          'a',
          { class: 'back', href: '#/', 'data-back': true },
          icon('back'),
          h('span', { text: 'Tenants' }),
        ),
        h('h1', { tabindex: '-1', text: tenantId }),
        this.#status,
      ),
      this.#facts,
      actions,
    )
  }

  /** @param {TenantRow | null} row */
  show(row) {
    this.#row = row
    this.#status.hidden = row === null
    this.#facts.hidden = row === null
    if (row !== null) {
      const { label, tone, icon: shape } = appearance(row)
      drawIcon(this.#glyph, shape)
      setText(this.#label, label)
      setAttribute(this.#status, 'data-tone', tone)
      this.#facts.replaceChildren(...factsOf(row).map(([name, text]) => h('span', { title: name, text })))
    }
    this.#showActions()
  }

  #showActions() {
    const row = this.#row
    const runsHere = row?.runs === 'here'
    const isPairing = runsHere && row.status === 'PAIRING'
    this.#pair.hidden = !isPairing
    /** @type {Record<Verb, boolean>} */
    const isShown = {
      backup: runsHere && !isPairing,
      audit: runsHere && !isPairing,
      stop: row !== null && row.runs !== 'no',
      start: row?.runs === 'no',
    }
    for (const [verb, face] of this.#faces) {
      const isBusy = this.#busy.has(verb)
      face.hidden = !isShown[verb] && !isBusy
      face.disabled = this.#busy.size > 0
      setAttribute(face, 'aria-busy', isBusy ? 'true' : null)
      const label = /** @type {Element} */ (face.lastElementChild)
      setText(label, isBusy ? verbs[verb].busy : verbs[verb].label)
    }
    this.#logout.hidden = row === null
    this.#logout.disabled = this.#busy.size > 0
  }

  #openPair() {
    if (this.#row !== null) openPairDialog(this.#store, this.#row)
  }

  /** @param {Verb} verb */
  async #act(verb) {
    this.#busy.add(verb)
    this.#showActions()
    try {
      /** @type {TenantRow} */
      const row = await post(`${pathOf(this.#tenantId)}/${verb}`)
      toast(verbs[verb].done(row))
    } catch (error) {
      toast(messageOf(error), 'bad')
    } finally {
      this.#busy.delete(verb)
      this.#showActions()
    }
  }
}

/** @param {TenantRow} row @returns {[string, string][]} */
function factsOf(row) {
  /** @type {[string, string | null][]} */
  const all = [
    ['State of the session', row.state || null],
    ['Link to WhatsApp', row.runs !== 'no' && row.link ? `link ${row.link}` : null],
    ['Phone number', row.phoneNumber],
    ['Host', row.host === null ? null : `on ${row.host}`],
  ]
  return all.filter(/** @returns {fact is [string, string]} */ (fact) => fact[1] !== null)
}
