// @ts-check
import { get, pathOf } from './api.js'
import { now, onTick } from './clock.js'
import { button, h, setText } from './dom.js'
import { ago, bytes, counted, figure, fullTime } from './format.js'
import { messageOf } from './toast.js'

/** @typedef {import('../payloads.js').Generation} Generation */
/** @typedef {import('../payloads.js').GenerationsPayload} GenerationsPayload */

/** Commits may come quickly; the store is not asked for each. */
const askAgainMs = 1_500

/** The backups in the store, the newest first; those that a restore would fetch are strung together. */
export class Generations {
  #tenantId
  #body = h('tbody')
  #total = h('span', { class: 'panel-figure' })
  #problem = h('p', { class: 'problem', hidden: true, role: 'alert' })
  #more = button('Older ones', { kind: 'quiet', hidden: true, onclick: () => void this.#load(this.#next) })
  /** @type {Generation[]} */
  #known = []
  /** @type {number | null} */
  #next = null
  #timer = 0
  #isLoading = false
  #isDue = false
  #abort = new AbortController()
  /** @type {{ cell: HTMLElement, createdAt: string }[]} */
  #ages = []
  #undo

  /** @param {string} tenantId */
  constructor(tenantId) {
    this.#tenantId = tenantId
    const column = (/** @type {string} */ text, numeric = false) =>
      h('th', { scope: 'col', class: numeric ? 'is-number' : '', text })
    this.element = h(
      'section',
      { class: 'generations panel', 'aria-labelledby': 'generations-title' },
      h(
        'header',
        { class: 'panel-head' },
        h('h2', { id: 'generations-title', text: 'Backups' }),
        this.#total,
      ),
      h(
        'div',
        {
          class: 'generations-scroll',
          tabindex: '0',
          role: 'region',
          'aria-labelledby': 'generations-title',
        },
        h(
          'table',
          {},
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              column('Generation'),
              column('Kind'),
              column('Changed', true),
              column('Size', true),
              column('Age', true),
            ),
          ),
          this.#body,
        ),
        this.#more,
        this.#problem,
      ),
    )
    this.#undo = onTick(() => this.#tick())
    void this.#load(null)
  }

  destroy() {
    this.#undo()
    clearTimeout(this.#timer)
    this.#abort.abort()
  }

  /** There may be new ones. */
  refresh() {
    if (this.#timer !== 0) return
    this.#timer = window.setTimeout(() => {
      this.#timer = 0
      void this.#load(null)
    }, askAgainMs)
  }

  /**
   * @param {number | null} before null: the newest
   * @param {boolean} counts the store is asked for what its listing does not tell: after that is shown
   */
  async #load(before, counts = false) {
    if (this.#isLoading) {
      this.#isDue = true
      return
    }
    this.#isLoading = true
    let isShort = false
    try {
      const query = `?${new URLSearchParams({ ...(before === null ? {} : { before: String(before) }), ...(counts ? { count: 'files' } : {}) })}`
      /** @type {GenerationsPayload} */
      const { generations, next, total } = await get(
        `${pathOf(this.#tenantId)}/generations${query}`,
        this.#abort.signal,
      )
      const lowest = generations.at(-1)?.seq ?? 0
      const older = before === null ? this.#known.filter(({ seq }) => seq < lowest && next !== null) : []
      this.#known =
        before === null
          ? [...generations, ...older]
          : [...this.#known.filter(({ seq }) => seq >= before), ...generations]
      if (older.length === 0) this.#next = next
      this.#problem.hidden = true
      setText(this.#total, total.generations > 0 ? `${figure(total.generations)}, ${bytes(total.bytes)}` : '')
      this.#draw()
      isShort = !counts && generations.some(({ changes }) => changes === null)
    } catch (error) {
      if (this.#abort.signal.aborted || counts) return
      this.#problem.hidden = false
      this.#problem.textContent = messageOf(error)
    } finally {
      this.#isLoading = false
      if (this.#isDue) this.refresh()
      this.#isDue = false
    }
    if (isShort) await this.#load(before, true)
  }

  #draw() {
    this.#more.hidden = this.#next === null
    this.#ages = []
    const largest = Math.max(1, ...this.#known.map((one) => one.bytes))
    this.#body.replaceChildren(...this.#known.map((one) => this.#line(one, largest)))
    if (this.#known.length === 0) {
      this.#body.append(
        h(
          'tr',
          {},
          h('td', { colspan: '5', class: 'hint', text: 'No backup yet: there is nothing to restore from.' }),
        ),
      )
    }
    this.#tick()
  }

  /** @param {Generation} one @param {number} largest */
  #line(one, largest) {
    const age = h('td', { class: 'is-number', title: fullTime(one.createdAt) })
    this.#ages.push({ cell: age, createdAt: one.createdAt })
    const bar = h('span', { class: 'size-bar', 'aria-hidden': 'true' })
    bar.style.inlineSize = `${Math.max(2, Math.round((100 * one.bytes) / largest))}%`
    const needs =
      one.needs.length > 0
        ? `A restore of it fetches ${counted(one.needs.length, 'generation')}: ${one.needs.join(', ')}`
        : ''
    return h(
      'tr',
      { 'data-head': one.isHead, 'data-chain': one.isInHeadChain, 'data-generation': one.seq, title: needs },
      h(
        'td',
        {},
        h(
          'div',
          { class: 'seq' },
          h('span', { class: 'chain', 'aria-hidden': 'true' }),
          h('span', { text: figure(one.seq) }),
          one.isHead ? h('span', { class: 'mark is-head', text: 'head' }) : null,
          one.isInHeadChain && !one.isHead ? h('span', { class: 'sr', text: 'needed by the head' }) : null,
        ),
      ),
      h('td', { text: one.kind }),
      h('td', {
        class: 'is-number',
        text: one.changes === null ? '–' : counted(one.changes, 'file'),
        title: one.files === null ? '' : `${counted(one.files, 'file')} in the whole session`,
      }),
      h('td', { class: 'is-number is-size' }, h('span', { text: bytes(one.bytes) }), bar),
      age,
    )
  }

  #tick() {
    const time = now()
    for (const { cell, createdAt } of this.#ages) setText(cell, ago(createdAt, time).replace(' ago', ''))
  }
}
