// @ts-check
import { h, icon } from './dom.js'

/** @typedef {import('./list-order.js').SortKey} SortKey */

/** @type {{ sort: SortKey, name: string, label: string }[]} */
const columns = [
  { sort: 'tenantId', name: 'name', label: 'Tenant' },
  { sort: 'state', name: 'state', label: 'State' },
  { sort: 'phone', name: 'phone', label: 'Phone' },
  { sort: 'unprotected', name: 'unprotected', label: 'Unprotected' },
  { sort: 'backup', name: 'backup', label: 'Last backup' },
  { sort: 'generation', name: 'generation', label: 'Generation' },
  { sort: 'bytes', name: 'bytes', label: 'Size' },
  { sort: 'host', name: 'host', label: 'Host' },
]

/** The names of the columns; each sorts. */
export class ListHead {
  /** @type {Map<SortKey, HTMLElement>} */
  #cells = new Map()

  /** @param {(sort: SortKey) => void} onSort */
  constructor(onSort) {
    for (const { sort, name, label } of columns) {
      const face = h(
        'button',
        { type: 'button', 'data-sort': sort, onclick: () => onSort(sort) },
        label,
        icon('up'),
      )
      this.#cells.set(
        sort,
        h('div', { role: 'columnheader', class: `cell is-${name}`, 'data-column': sort }, face),
      )
    }
    this.element = h('div', { class: 'head', role: 'row', 'aria-rowindex': '1' }, ...this.#cells.values())
  }

  /**
   * @param {SortKey} sort
   * @param {boolean} isDescending
   */
  show(sort, isDescending) {
    for (const [key, cell] of this.#cells) {
      const face = /** @type {HTMLElement} */ (cell.firstElementChild)
      const direction = key !== sort ? 'none' : isDescending ? 'descending' : 'ascending'
      cell.setAttribute('aria-sort', direction)
      face.title = direction === 'none' ? 'Sort' : `Sorted, ${direction}`
    }
  }
}
