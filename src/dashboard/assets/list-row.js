// @ts-check
import { now } from './clock.js'
import { drawIcon, h, icon, setAttribute, setText } from './dom.js'
import { ago, bytes, figure, fullTime, span } from './format.js'
import { meter } from './meter.js'
import { tenantHash } from './router.js'
import { appearance } from './words.js'

/** @typedef {import('../payloads.js').TenantRow} TenantRow */

/** One line of the list. Lines are few and are used again for other tenants while the list is scrolled. */
export class ListRow {
  #glyph = icon('disconnected')
  #label = h('span', { class: 'sr' })
  #name = h('a', { class: 'name', tabindex: '-1' })
  #state = h('span', { class: 'state-path' })
  #link = h('span', { class: 'state-link' })
  #phone = h('span')
  #changes = h('span', { class: 'changes' })
  #age = h('span', { class: 'since' })
  #backup = h('span')
  #generation = h('span')
  #bytes = h('span')
  #host = h('span')
  #icon = ''
  /** @type {TenantRow | null} */
  #row = null
  #index = -1
  #isActive = false

  constructor() {
    const cell = (/** @type {string} */ name, /** @type {(Node | string)[]} */ ...children) =>
      h('div', { role: 'gridcell', class: `cell is-${name}` }, ...children)
    this.element = h(
      'div',
      { role: 'row', class: 'row', hidden: true },
      cell('name', this.#glyph, this.#label, this.#name),
      cell('state', this.#state, this.#link),
      cell('phone', this.#phone),
      cell('unprotected', this.#changes, this.#age),
      cell('backup', this.#backup),
      cell('generation', this.#generation),
      cell('bytes', this.#bytes),
      cell('host', this.#host),
    )
  }

  get tenantId() {
    return this.#row?.tenantId ?? null
  }

  /**
   * @param {number} index place in the list
   * @param {TenantRow} row
   * @param {boolean} isActive the one that the keyboard is on
   * @param {number} heightPx
   */
  show(index, row, isActive, heightPx) {
    const { element } = this
    if (index !== this.#index) {
      this.#index = index
      element.style.transform = `translateY(${index * heightPx}px)`
      element.setAttribute('aria-rowindex', String(index + 2))
      element.id = `row-${index}`
    }
    if (isActive !== this.#isActive) {
      this.#isActive = isActive
      element.setAttribute('aria-selected', String(isActive))
    }
    if (row !== this.#row) this.#write(row)
    if (element.hidden) element.hidden = false
  }

  hide() {
    if (!this.element.hidden) this.element.hidden = true
  }

  /** Ages only. */
  tick() {
    if (this.#row !== null && !this.element.hidden) this.#writeAges(this.#row)
  }

  /** @param {TenantRow} row */
  #write(row) {
    meter.rowsTouched += 1
    const isOther = row.tenantId !== this.#row?.tenantId
    this.#row = row
    if (isOther) {
      setText(this.#name, row.tenantId)
      this.#name.href = tenantHash(row.tenantId)
      this.#name.title = row.tenantId
      this.element.dataset.tenant = row.tenantId
    }
    const { label, tone, icon: shape } = appearance(row)
    if (shape !== this.#icon) {
      this.#icon = shape
      drawIcon(this.#glyph, shape)
    }
    setText(this.#label, `${label}: `)
    setAttribute(this.element, 'data-tone', tone)
    setText(this.#state, row.state || label.toLowerCase())
    setAttribute(this.#state, 'title', label)
    setText(this.#link, row.link && row.runs !== 'no' ? `link ${row.link}` : '')
    setText(this.#phone, row.phoneNumber ?? '–')
    setAttribute(this.element, 'data-unprotected', row.unprotectedChanges > 0 ? '' : null)
    setText(this.#changes, row.unprotectedChanges > 0 ? figure(row.unprotectedChanges) : '0')
    setText(this.#generation, row.generation > 0 ? figure(row.generation) : '–')
    setText(this.#bytes, bytes(row.bytes))
    setText(this.#host, row.host ?? '–')
    setAttribute(this.#host, 'title', row.host)
    setAttribute(this.#backup, 'title', fullTime(row.lastBackupAt) || null)
    this.#writeAges(row)
  }

  /** @param {TenantRow} row */
  #writeAges(row) {
    const time = now()
    setText(this.#backup, ago(row.lastBackupAt, time))
    const since = row.unprotectedSince === null ? '' : `for ${span(time - Date.parse(row.unprotectedSince))}`
    setText(this.#age, row.unprotectedChanges > 0 ? since : '')
  }
}
