// @ts-check
import { onTick } from './clock.js'
import { h } from './dom.js'
import { inNextFrame } from './frame.js'
import { ListRow } from './list-row.js'

/** @typedef {import('./store.js').Store} Store */

/** Lines beyond the visible ones, so that a quick scroll shows no gap. */
const spareLines = 4

/**
 * The scrolled part of the list: as many lines as fit, whatever the number of tenants. The keyboard moves an active line
 * that need not be drawn; screen readers are told of it by `aria-activedescendant`.
 */
export class ListRows {
  /** @type {readonly string[]} */
  order = []
  #store
  #head
  #onOpen
  #lines = /** @type {ListRow[]} */ ([])
  #space = h('div', { class: 'rows-space', role: 'presentation' })
  /** @type {string | null} */
  #activeId = null
  #heightPx = 40
  #draw = () => this.#drawNow()
  /** @type {(() => void)[]} */
  #undo = []

  /**
   * @param {Store} store
   * @param {HTMLElement} head stays on top of what is scrolled
   * @param {(tenantId: string) => void} onOpen
   */
  constructor(store, head, onOpen) {
    this.#store = store
    this.#head = head
    this.#onOpen = onOpen
    this.element = h(
      'div',
      {
        class: 'rows',
        role: 'grid',
        tabindex: '0',
        'aria-label': 'Tenants',
        'aria-colcount': '8',
        'data-rows': true,
      },
      head,
      this.#space,
    )
    this.element.addEventListener('scroll', this.draw, { passive: true })
    this.element.addEventListener('keydown', (event) => this.#onKey(event))
    this.element.addEventListener('click', (event) => this.#onClick(event))
    this.element.addEventListener('focus', () => {
      if (this.#activeId === null) this.#activate(this.#firstVisible())
    })
    const resized = new ResizeObserver(this.draw)
    resized.observe(this.element)
    this.#undo.push(() => resized.disconnect())
    this.#undo.push(onTick(() => this.#tick()))
  }

  draw = () => inNextFrame(this.#draw)

  destroy() {
    for (const undo of this.#undo) undo()
  }

  /** @param {readonly string[]} order */
  setOrder(order) {
    this.order = order
    this.element.setAttribute('aria-rowcount', String(order.length + 1))
    this.draw()
  }

  /** Where the reader was, to come back to. */
  get place() {
    return { top: this.element.scrollTop, activeId: this.#activeId }
  }

  /** @param {{ top: number, activeId: string | null }} place */
  set place({ top, activeId }) {
    this.#activeId = activeId
    this.#drawNow()
    this.element.scrollTop = top
    this.draw()
  }

  #tick() {
    for (const line of this.#lines) line.tick()
  }

  #drawNow() {
    const { element, order } = this
    this.#heightPx = Number.parseFloat(getComputedStyle(element).getPropertyValue('--row-height')) || 40
    const total = order.length * this.#heightPx
    if (this.#space.offsetHeight !== total) this.#space.style.height = `${total}px`
    const fit = Math.ceil(this.#visiblePx / this.#heightPx) + 1 + 2 * spareLines
    this.#provide(Math.min(fit, order.length))
    const count = this.#lines.length
    const first = Math.max(
      0,
      Math.min(order.length - count, Math.floor(element.scrollTop / this.#heightPx) - spareLines),
    )
    // A place keeps its line for as long as it is in sight, so that scrolling writes only the lines that come into it.
    for (let index = first; index < first + count; index++) {
      const id = order[index]
      const line = this.#lines[index % count]
      const row = id === undefined ? undefined : this.#store.rows.get(id)
      if (row === undefined) line?.hide()
      else line?.show(index, row, id === this.#activeId, this.#heightPx)
    }
    this.#tellActive()
  }

  /** @param {number} count of lines */
  #provide(count) {
    while (this.#lines.length < count) {
      const line = new ListRow()
      this.#lines.push(line)
      this.#space.append(line.element)
    }
    for (const line of this.#lines.splice(count)) line.element.remove()
  }

  #tellActive() {
    const index = this.#activeId === null ? -1 : this.order.indexOf(this.#activeId)
    const isDrawn = document.getElementById(`row-${index}`) !== null
    if (isDrawn) this.element.setAttribute('aria-activedescendant', `row-${index}`)
    else this.element.removeAttribute('aria-activedescendant')
  }

  get #visiblePx() {
    return this.element.clientHeight - this.#head.offsetHeight
  }

  #firstVisible() {
    return Math.ceil(this.element.scrollTop / this.#heightPx)
  }

  /** @param {number} index */
  #activate(index) {
    const at = Math.max(0, Math.min(this.order.length - 1, index))
    this.#activeId = this.order[at] ?? null
    const top = at * this.#heightPx
    const { scrollTop } = this.element
    if (top < scrollTop) this.element.scrollTop = top
    else if (top + this.#heightPx > scrollTop + this.#visiblePx)
      this.element.scrollTop = top + this.#heightPx - this.#visiblePx
    this.draw()
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return
    const at = this.#activeId === null ? -1 : this.order.indexOf(this.#activeId)
    const page = Math.max(1, Math.floor(this.#visiblePx / this.#heightPx) - 1)
    /** @type {Record<string, number>} */
    const moves = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: this.order.length - 1,
    }
    const move = moves[event.key]
    if (event.key === 'Enter' && this.#activeId !== null) this.#onOpen(this.#activeId)
    else if (move !== undefined) this.#activate(move)
    else return
    event.preventDefault()
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const target = /** @type {HTMLElement} */ (event.target)
    // The name is a link, which the browser opens as the reader wants it.
    if (target.closest('a') !== null || getSelection()?.isCollapsed === false) return
    const tenantId = target.closest('[data-tenant]')?.getAttribute('data-tenant')
    if (tenantId) this.#onOpen(tenantId)
  }
}
