// @ts-check
import { onTick } from './clock.js'
import { button, h, icon } from './dom.js'
import { counted, figure } from './format.js'
import { inNextFrame } from './frame.js'
import { Chips } from './list-chips.js'
import { ListHead } from './list-head.js'
import { filterOf, inOrderOfNames, ordered } from './list-order.js'
import { ListRows } from './list-rows.js'
import { meter } from './meter.js'
import { listHash, tenantHash } from './router.js'

/** @typedef {import('./router.js').ListRoute} ListRoute */

/** While rows change all the time the list is put in order this often at most. */
const sortEveryMs = 1_500

/** Where the reader was when the list was left. @type {{ top: number, activeId: string | null } | null} */
let lastPlace = null

/** The page of all tenants. */
export class ListView {
  #store
  #route
  #names = /** @type {string[]} */ ([])
  #membership = -1
  #isStale = true
  #sortedAt = 0
  #rows
  #head
  #chips
  #search
  #summary = h('p', { class: 'summary', 'data-summary': true })
  #held = button('Order held while you point at it. Sort now', {
    kind: 'quiet',
    class: 'button is-quiet held',
    hidden: true,
    onclick: () => this.#sort(),
  })
  #empty = h('div', { class: 'empty', hidden: true, 'data-empty': true })
  /** @type {(() => void)[]} */
  #undo = []
  #refresh = () => this.#refreshNow()

  /**
   * @param {import('./store.js').Store} store
   * @param {ListRoute} route
   * @param {{ onAdd: () => void }} actions
   */
  constructor(store, route, { onAdd }) {
    this.#store = store
    this.#route = route
    this.#head = new ListHead((sort) => this.#sortBy(sort))
    this.#rows = new ListRows(store, this.#head.element, (tenantId) => {
      location.hash = tenantHash(tenantId)
    })
    this.#chips = new Chips((status) => this.#change({ status }))
    this.#search = this.#makeSearch()
    const table = h('div', { class: 'table' }, this.#rows.element, this.#empty)
    this.element = h(
      'section',
      { class: 'list', 'aria-labelledby': 'list-title' },
      h(
        'div',
        { class: 'list-top' },
        h('h1', { id: 'list-title', text: 'Tenants' }),
        this.#summary,
        this.#search.box,
        button('Add a tenant', { kind: 'main', icon: 'plus', onclick: onAdd, 'data-add': true }),
      ),
      this.#chips.element,
      table,
      this.#held,
    )
    this.#makeEmpty(onAdd)
    this.#undo.push(store.listen((changed) => this.#onChanged(changed)))
    this.#undo.push(onTick(this.#refresh))
  }

  /** Once it is in the page. */
  begin() {
    document.title = 'Tenants · Session supervisor'
    this.#sort()
    if (lastPlace !== null) this.#rows.place = lastPlace
  }

  destroy() {
    lastPlace = this.#rows.place
    for (const undo of this.#undo) undo()
    this.#rows.destroy()
  }

  focusFilter() {
    this.#search.field.focus()
    this.#search.field.select()
  }

  focusRows() {
    this.#rows.element.focus()
  }

  /** @param {ListRoute} route */
  setRoute(route) {
    this.#route = route
    if (this.#search.field.value !== route.text) this.#search.field.value = route.text
    this.#rows.element.scrollTop = 0
    this.#sort()
  }

  #makeSearch() {
    const field = h('input', {
      id: 'filter',
      type: 'search',
      placeholder: 'Filter by id, state, number, host',
      'aria-label': 'Filter tenants',
      'aria-keyshortcuts': '/',
      autocomplete: 'off',
      spellcheck: 'false',
      value: this.#route.text,
    })
    field.addEventListener('input', () => this.#change({ text: field.value }))
    field.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown' || event.key === 'Enter') this.focusRows()
      else if (event.key === 'Escape' && field.value !== '') this.#change({ text: '' })
      else if (event.key === 'Escape') this.focusRows()
      else return
      event.preventDefault()
    })
    const box = h(
      'div',
      { class: 'search' },
      icon('search'),
      field,
      h('kbd', { text: '/', 'aria-hidden': 'true' }),
    )
    return { field, box }
  }

  /** @param {() => void} onAdd */
  #makeEmpty(onAdd) {
    this.#empty.append(
      h('p', { class: 'empty-title', 'data-none': true, text: 'No tenants yet' }),
      h('p', {
        'data-none': true,
        text: 'A tenant is one WhatsApp session. Add one and pair it with a phone; from then on it is backed up by itself.',
      }),
      button('Add a tenant', { kind: 'main', icon: 'plus', onclick: onAdd, 'data-none': true }),
      h('p', { class: 'empty-title', 'data-nomatch': true, text: 'Nothing matches' }),
      button('Show all tenants', {
        'data-nomatch': true,
        onclick: () => this.#change({ text: '', status: null }),
      }),
    )
  }

  /** @param {Partial<Omit<ListRoute, 'page'>>} part */
  #change(part) {
    const route = { ...this.#route, ...part }
    history.replaceState(null, '', listHash(route))
    this.setRoute(route)
  }

  /** @param {import('./list-order.js').SortKey} sort */
  #sortBy(sort) {
    const isDescending = this.#route.sort === sort && !this.#route.isDescending
    this.#change({ sort, isDescending })
  }

  /** @param {ReadonlySet<string> | null} changed */
  #onChanged(changed) {
    const { sort, text, status } = this.#route
    const dependsOnRows = sort !== 'tenantId' || text !== '' || status !== null
    if (changed === null || this.#membership !== this.#store.membership) this.#sort()
    else if (dependsOnRows) this.#isStale = true
    this.#refresh()
    this.#rows.draw()
  }

  /** New order when it is due; never under the reader's pointer or keyboard. */
  #refreshNow() {
    const { counts, rows } = this.#store
    if (counts !== null) {
      const parts = [counted(counts.total, 'tenant'), `${figure(counts.running)} running`]
      this.#summary.textContent = parts.join(', ')
      this.#chips.show(counts, this.#route.status)
    }
    const isUsed = isPointedAt(this.#rows.element) && this.#rows.order.length > 0
    this.#held.hidden = !(this.#isStale && isUsed)
    if (this.#isStale && !isUsed && performance.now() - this.#sortedAt >= sortEveryMs) this.#sort()
    const isEmpty = counts !== null && this.#rows.order.length === 0
    this.#empty.hidden = !isEmpty
    this.#empty.classList.toggle('is-none', rows.size === 0)
  }

  #sort() {
    meter.sorts += 1
    if (this.#membership !== this.#store.membership) {
      this.#membership = this.#store.membership
      this.#names = inOrderOfNames(this.#store.rows)
    }
    const { text, status, sort, isDescending } = this.#route
    this.#head.show(sort, isDescending)
    this.#rows.setOrder(
      ordered(this.#names, this.#store.rows, { matches: filterOf(text, status), sort, isDescending }),
    )
    this.#isStale = false
    this.#sortedAt = performance.now()
    inNextFrame(this.#refresh)
  }
}

/**
 * A finger leaves a `:hover` behind where it was last; only a mouse's counts.
 * @param {HTMLElement} element
 */
function isPointedAt(element) {
  return (
    element.matches(':focus-within') || (matchMedia('(hover: hover)').matches && element.matches(':hover'))
  )
}
