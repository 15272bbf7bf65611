// @ts-check
import { now } from './clock.js'
import { h, icon, setText } from './dom.js'
import { ago, span } from './format.js'
import { adviceOfEnd, adviceOfError } from './words.js'

/** @typedef {import('../payloads.js').TenantRow} TenantRow */
/** @typedef {import('../payloads.js').TimelineEntry} TimelineEntry */

/** Older entries of the timeline that are repeated here. */
const repeated = 3
/** Unprotected changes are no news before. */
const unprotectedWorryMs = 10_000

/** What is wrong with the tenant and what to do about it; nothing when all is well. */
export class Problems {
  element = h('div', {
    class: 'problems',
    role: 'region',
    'aria-label': 'What needs attention',
    hidden: true,
    'data-problems': true,
  })
  #key = ''
  /** @type {{ time: HTMLElement, at: string }[]} */
  #times = []
  /** @type {[TenantRow | null, readonly TimelineEntry[]]} */
  #last = [null, []]

  /**
   * @param {TenantRow | null} row
   * @param {readonly TimelineEntry[]} entries warnings and errors, the newest first
   */
  show(row, entries) {
    this.#last = [row, entries]
    const notes = row === null ? [] : notesOf(row)
    const hasPassed = notes.length === 0
    const listed = hasPassed ? [] : entries.slice(0, repeated)
    const key = JSON.stringify([notes, listed.map(({ n }) => n)])
    if (key === this.#key) return
    this.#key = key
    this.#times = []
    this.element.hidden = notes.length === 0
    this.element.replaceChildren(
      ...notes.map(({ tone, title, text }) =>
        h(
          'div',
          { class: `note is-${tone}` },
          icon(tone === 'bad' ? 'error' : 'warn'),
          h('p', {}, h('strong', { text: title }), ' ', text),
        ),
      ),
      listed.length > 0
        ? h('ol', { class: 'last-problems' }, ...listed.map((entry) => this.#line(entry)))
        : '',
    )
    this.#writeTimes()
  }

  tick() {
    this.show(...this.#last)
    this.#writeTimes()
  }

  /** @param {TimelineEntry} entry */
  #line({ at, name, text, level }) {
    const time = h('time', { datetime: at })
    this.#times.push({ time, at })
    return h('li', { 'data-level': level }, time, h('code', { text: name }), h('span', { text }))
  }

  #writeTimes() {
    for (const { time, at } of this.#times) setText(time, ago(at, now()))
  }
}

/** @param {TenantRow} row @returns {{ tone: 'bad' | 'warn', title: string, text: string }[]} */
function notesOf(row) {
  /** @type {{ tone: 'bad' | 'warn', title: string, text: string }[]} */
  const notes = []
  const end = row.endReason === null ? null : adviceOfEnd(row.endReason)
  if (end !== null) notes.push({ tone: 'bad', title: `Ended: ${row.endReason}.`, text: end })
  if (row.lastError !== null)
    notes.push({ tone: 'bad', title: `Last error: ${row.lastError}.`, text: adviceOfError(row.lastError) })
  const sinceMs = row.unprotectedSince === null ? 0 : now() - Date.parse(row.unprotectedSince)
  if (row.unprotectedChanges > 0 && sinceMs > unprotectedWorryMs) {
    const text = `They are on the disk of the host only, for ${span(sinceMs).replace(/^\d+ s$/, 'less than a minute')}. Back up now, or look at the store.`
    notes.push({ tone: 'warn', title: 'Changes without a backup.', text })
  }
  return notes
}
