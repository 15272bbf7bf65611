// @ts-check
import { now } from './clock.js'
import { h, setAttribute, setText } from './dom.js'
import { ago, bytes, counted, figure, fullTime, span } from './format.js'

/** @typedef {import('../payloads.js').TenantRow} TenantRow */
/** @typedef {import('../payloads.js').TenantDetail['counters']} Counters */

const cells = /** @type {const} */ ([
  ['unprotected', 'Unprotected'],
  ['backup', 'Last backup'],
  ['generation', 'Generation'],
  ['size', 'Session'],
  ['positions', 'Saved / changed'],
  ['attempt', 'Failed tries'],
  ['connected', 'Last connected'],
  ['epoch', 'Lease epoch'],
])

/** The tenant in figures. */
export class Vitals {
  /** @type {Map<string, { value: HTMLElement, more: HTMLElement, cell: HTMLElement }>} */
  #cells = new Map()
  /** @type {TenantRow | null} */
  #row = null
  /** @type {Counters} */
  #counters = null

  constructor() {
    this.element = h('dl', { class: 'vitals' })
    for (const [name, label] of cells) {
      const value = h('span', { class: 'value' })
      const more = h('span', { class: 'more' })
      const cell = h('div', { 'data-vital': name }, h('dt', { text: label }), h('dd', {}, value, more))
      this.#cells.set(name, { value, more, cell })
      this.element.append(cell)
    }
  }

  /** @param {TenantRow | null} row */
  show(row) {
    this.#row = row
    this.element.hidden = row === null
    this.tick()
  }

  /** @param {Counters} counters */
  setCounters(counters) {
    this.#counters = counters
    this.tick()
  }

  tick() {
    const row = this.#row
    if (row === null) return
    const time = now()
    const since = row.unprotectedSince === null ? '' : `for ${span(time - Date.parse(row.unprotectedSince))}`
    this.#write(
      'unprotected',
      counted(row.unprotectedChanges, 'change'),
      row.unprotectedChanges > 0 ? since : '',
    )
    this.#cells.get('unprotected')?.cell.toggleAttribute('data-warn', row.unprotectedChanges > 0)
    this.#write('backup', ago(row.lastBackupAt, time), '', fullTime(row.lastBackupAt))
    this.#write('generation', row.generation > 0 ? figure(row.generation) : '–')
    this.#write('size', bytes(row.bytes), row.files === null ? '' : counted(row.files, 'file'))
    const counters = this.#counters
    const positions = counters === null ? '–' : `${figure(counters.savedSeq)} / ${figure(counters.changeSeq)}`
    this.#write('positions', positions)
    const attempts = counters === null ? '–' : figure(counters.attempt)
    this.#write(
      'attempt',
      attempts,
      counters && counters.linkAttempt > 0 ? counted(counters.linkAttempt, 'reconnect') : '',
    )
    this.#write('connected', ago(row.lastConnectedAt, time), '', fullTime(row.lastConnectedAt))
    this.#write('epoch', counters === null ? '–' : figure(counters.epoch))
  }

  /**
   * @param {string} name
   * @param {string} value
   * @param {string} [more]
   * @param {string} [title]
   */
  #write(name, value, more = '', title = '') {
    const cell = this.#cells.get(name)
    if (cell === undefined) return
    setText(cell.value, value)
    setText(cell.more, more)
    setAttribute(cell.value, 'title', title || null)
  }
}
