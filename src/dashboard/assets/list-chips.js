// @ts-check
import { h, icon, setAttribute, setText } from './dom.js'
import { figure } from './format.js'
import { statuses, statusNames } from './words.js'

/** @typedef {import('../payloads.js').Counts} Counts */

/**
 * The statuses with their counts: what filters the list, and the legend of the bar above, whose parts are as wide as
 * their share of the tenants.
 */
export class Chips {
  #bar = h('div', { class: 'share', 'aria-hidden': 'true' })
  /** @type {Map<string, { chip: HTMLElement, count: HTMLElement, part: HTMLElement | null }>} */
  #chips = new Map()

  /** @param {(status: string | null) => void} onChoose */
  constructor(onChoose) {
    const row = h('div', { class: 'chips', role: 'group', 'aria-label': 'Filter by status' })
    this.element = h('div', { class: 'shares' }, this.#bar, row)
    const add = (
      /** @type {string} */ key,
      /** @type {string} */ label,
      /** @type {string} */ shape,
      tone = '',
    ) => {
      const count = h('span', { class: 'count' })
      const chip = h(
        'button',
        { type: 'button', class: 'chip', 'data-status': key, 'data-tone': tone, 'aria-pressed': 'false' },
        shape ? icon(shape) : null,
        h('span', { text: label }),
        count,
      )
      chip.addEventListener('click', () => {
        onChoose(key === 'ALL' || chip.getAttribute('aria-pressed') === 'true' ? null : key)
      })
      const part = key in statuses ? h('span', { 'data-tone': tone, title: label }) : null
      if (part !== null) this.#bar.append(part)
      row.append(chip)
      this.#chips.set(key, { chip, count, part })
    }
    add('ALL', 'All', '')
    for (const name of statusNames) add(name, statuses[name].label, statuses[name].icon, statuses[name].tone)
    add('UNPROTECTED', 'Unprotected', 'warn', 'warn')
  }

  /**
   * @param {Counts} counts
   * @param {string | null} chosen
   */
  show(counts, chosen) {
    for (const [key, { chip, count, part }] of this.#chips) {
      const value = countOf(counts, key)
      setText(count, figure(value))
      setAttribute(chip, 'aria-pressed', String(key === (chosen ?? 'ALL')))
      chip.hidden = value === 0 && key !== 'ALL' && key !== chosen
      if (part !== null) {
        const grow = String(value)
        if (part.style.flexGrow !== grow) part.style.flexGrow = grow
        part.hidden = value === 0
      }
    }
  }
}

/**
 * @param {Counts} counts
 * @param {string} key
 */
function countOf(counts, key) {
  if (key === 'ALL') return counts.total
  if (key === 'UNPROTECTED') return counts.unprotected
  return counts.byStatus[/** @type {keyof Counts['byStatus']} */ (key)] ?? 0
}
