// @ts-check
import { get, pathOf } from './api.js'
import { now, onTick } from './clock.js'
import { button, h, icon, setText } from './dom.js'
import { span } from './format.js'
import { drawQr } from './qr.js'
import { messageOf, toast } from './toast.js'
import { adviceOfEnd } from './words.js'

/** @typedef {import('../payloads.js').CodePayload} CodePayload */

/** @typedef {'waiting' | 'linked' | 'connected' | 'ended'} Phase */

/** How long ago a code may have been asked for. */
const askEveryMs = 1_500

/** @type {Record<CodePayload['kind'], string[]>} */
const instructions = {
  qr: [
    'Open WhatsApp on the phone.',
    'Tap Settings (on Android: the menu ⋮), then Linked devices.',
    'Tap Link a device and point the camera at this code.',
  ],
  pairingCode: [
    'Open WhatsApp on that phone. It may show a notice already: tap it.',
    'Otherwise: Linked devices, Link a device, Link with phone number instead.',
    'Type this code.',
  ],
}

/** From the code to the connection: what to do on the phone, and how far it has come. */
export class PairProgress {
  #store
  #tenantId
  #actions
  #code = h('div', { class: 'code', 'data-code': true })
  #age = h('p', { class: 'hint code-age' })
  #list = h('ol', { class: 'instructions' })
  #word = h('p', { class: 'progress-word', role: 'status', 'data-progress': true })
  #buttons = h('div', { class: 'buttons' })
  /** @type {CodePayload | null} */
  #shown = null
  /** @type {Phase | null} */
  #phase = null
  #hasPaired = false
  #isAsking = false
  #askedAt = 0
  #abort = new AbortController()
  /** @type {(() => void)[]} */
  #undo = []

  /**
   * @param {import('./store.js').Store} store
   * @param {string} tenantId
   * @param {{ onOpen: () => void, onAgain?: (phoneNumber: string | null) => Promise<unknown> }} actions
   */
  constructor(store, tenantId, actions) {
    this.#store = store
    this.#tenantId = tenantId
    this.#actions = actions
    this.element = h(
      'div',
      { class: 'pairing' },
      h('div', { class: 'code-side' }, this.#code, this.#age),
      h('div', { class: 'instructions-side' }, this.#list, this.#word, this.#buttons),
    )
  }

  begin() {
    this.#undo.push(
      this.#store.listen((changed) => {
        if (changed === null || changed.has(this.#tenantId)) this.#look()
      }),
    )
    this.#undo.push(onTick(() => this.#tick()))
    this.#look()
  }

  /** Nothing of the code stays behind. */
  end() {
    this.#abort.abort()
    for (const undo of this.#undo.splice(0)) undo()
    this.#shown = null
    this.element.replaceChildren()
  }

  get #row() {
    return this.#store.rows.get(this.#tenantId) ?? null
  }

  #look() {
    const row = this.#row
    if (row === null) return this.#enter('waiting', 'Starting…')
    if (row.status === 'CONNECTED' && row.link === 'open')
      return this.#enter('connected', 'Connected and backed up.')
    if (row.runs === 'no' && row.endReason !== null) {
      return this.#enter('ended', adviceOfEnd(row.endReason) ?? 'The session has ended.')
    }
    const isShowing = row.link === 'pairing' && row.runs === 'here'
    if (isShowing) {
      this.#hasPaired = true
      this.#enter('waiting', 'Waiting for the phone…')
      if (now() - this.#askedAt > askEveryMs || this.#shown === null) void this.#ask()
    } else if (this.#hasPaired) this.#enter('linked', 'Scanned. Saving the keys, then connecting…')
    else this.#enter('waiting', 'Connecting to WhatsApp for a code…')
  }

  #tick() {
    if (this.#phase === 'waiting') this.#look()
    if (this.#shown === null) return
    setText(
      this.#age,
      `${this.#shown.kind === 'qr' ? 'This code is' : 'Code,'} ${span(now() - Date.parse(this.#shown.shownAt))} old; a new one comes by itself.`,
    )
  }

  /**
   * @param {Phase} phase
   * @param {string} word
   */
  #enter(phase, word) {
    setText(this.#word, word)
    if (this.#phase === phase) return
    this.#phase = phase
    this.element.dataset.phase = phase
    this.#buttons.replaceChildren()
    if (phase === 'waiting') {
      if (this.#shown === null)
        this.#code.replaceChildren(h('span', { class: 'spinner', 'aria-hidden': 'true' }))
      return
    }
    this.#shown = null
    this.#age.textContent = ''
    this.#list.replaceChildren()
    const shape = phase === 'connected' ? 'check' : phase === 'ended' ? 'failed' : 'restoring'
    this.#code.replaceChildren(h('div', { class: `outcome is-${phase}` }, icon(shape)))
    if (phase === 'connected') this.#offer('Open the tenant', this.#actions.onOpen)
    if (phase === 'ended' && this.#actions.onAgain) this.#offer('Start again', () => this.#again())
  }

  /**
   * @param {string} label
   * @param {() => void} onClick
   */
  #offer(label, onClick) {
    const face = button(label, { kind: 'main', onclick: onClick })
    this.#buttons.replaceChildren(face)
    face.focus()
  }

  async #again() {
    this.#hasPaired = false
    this.#enter('waiting', 'Starting…')
    try {
      await this.#actions.onAgain?.(null)
    } catch (error) {
      toast(messageOf(error), 'bad')
    }
  }

  async #ask() {
    if (this.#isAsking) return
    this.#isAsking = true
    this.#askedAt = now()
    try {
      /** @type {CodePayload} */
      const code = await get(`${pathOf(this.#tenantId)}/code`, this.#abort.signal)
      if (this.#phase === 'waiting') this.#show(code)
    } catch {
      // Between two codes there is none; the next look asks again.
    } finally {
      this.#isAsking = false
    }
  }

  /** @param {CodePayload} code */
  #show(code) {
    if (this.#shown?.code === code.code) return
    if (this.#shown?.kind !== code.kind) {
      this.#list.replaceChildren(...instructions[code.kind].map((text) => h('li', { text })))
    }
    this.#shown = code
    if (code.kind === 'qr') this.#code.replaceChildren(drawQr(code.size, code.modules))
    else {
      const halves = [code.code.slice(0, 4), code.code.slice(4)]
      const spelled = halves.join('-').split('').join(' ')
      this.#code.replaceChildren(
        h('p', { class: 'typed-code', 'aria-label': spelled }, ...halves.map((text) => h('span', { text }))),
      )
    }
    this.#tick()
  }
}
