// @ts-check
import { h, icon } from './dom.js'
import { counted, field, fullTime, timeOfDay } from './format.js'
import { inNextFrame } from './frame.js'

/** @typedef {import('../payloads.js').TimelineEntry} TimelineEntry */
/** @typedef {import('../payloads.js').Step} Step */

/** Lines kept; older ones are dropped. */
const longest = 400

/** @type {{ key: string, label: string, shows: (entry: TimelineEntry) => boolean }[]} */
const filters = [
  { key: 'all', label: 'All', shows: () => true },
  { key: 'events', label: 'Events', shows: ({ kind }) => kind !== 'step' },
  { key: 'steps', label: 'Transitions', shows: ({ kind }) => kind === 'step' },
  { key: 'unhandled', label: 'Unhandled', shows: ({ step }) => step?.handled === false },
  { key: 'problems', label: 'Problems', shows: ({ level }) => level !== 'info' },
]

/** What happened to the tenant, the newest on top: facts, transitions of its machines, what was asked for. */
export class Timeline {
  #list = h('ol', { class: 'entries', tabindex: '0', 'aria-label': 'Timeline, the newest first' })
  #note = h('p', { class: 'hint', hidden: true })
  /** @type {TimelineEntry[]} oldest first */
  #entries = []
  /** @type {TimelineEntry[]} */
  #fresh = []
  #dropped = 0
  #last = 0
  #filter = /** @type {(typeof filters)[number]} */ (filters[0])
  #draw = () => this.#drawFresh()

  constructor() {
    const faces = filters.map((filter) =>
      h('button', {
        type: 'button',
        class: 'tab',
        'aria-pressed': String(filter === this.#filter),
        'data-filter': filter.key,
        text: filter.label,
        onclick: () => {
          this.#filter = filter
          for (const face of faces)
            face.setAttribute('aria-pressed', String(face.dataset.filter === filter.key))
          this.#drawAll()
        },
      }),
    )
    this.element = h(
      'section',
      { class: 'timeline panel', 'aria-labelledby': 'timeline-title' },
      h(
        'header',
        { class: 'panel-head' },
        h('h2', { id: 'timeline-title', text: 'Timeline' }),
        h('div', { class: 'tabs', role: 'group', 'aria-label': 'Show' }, ...faces),
      ),
      this.#list,
      this.#note,
    )
  }

  /** The newest warnings and errors, the newest first. */
  get problems() {
    return this.#entries.filter(({ level }) => level !== 'info').reverse()
  }

  /** @param {import('../payloads.js').TimelinePayload} payload */
  replace({ entries, dropped }) {
    this.#entries = [...entries].slice(-longest)
    this.#fresh = []
    this.#dropped = dropped
    this.#last = entries.at(-1)?.n ?? 0
    this.#drawAll()
  }

  /** @param {readonly TimelineEntry[]} entries */
  add(entries) {
    for (const entry of entries) {
      // What came in `tenant` may come again in the stream.
      if (this.#entries.some(({ n }) => n === entry.n) || this.#fresh.some(({ n }) => n === entry.n)) continue
      this.#fresh.push(entry)
      this.#last = Math.max(this.#last, entry.n)
    }
    inNextFrame(this.#draw)
  }

  /** @param {readonly Step[]} steps @param {number} dropped */
  addSteps(steps, dropped) {
    this.#dropped += dropped
    this.add(steps.map(entryOf))
  }

  #drawFresh() {
    const fresh = this.#fresh.splice(0)
    const isInOrder = fresh.every(({ n }) => n > (this.#entries.at(-1)?.n ?? 0))
    this.#entries.push(...fresh)
    if (!isInOrder) this.#entries.sort((a, b) => a.n - b.n)
    this.#entries.splice(0, this.#entries.length - longest)
    if (!isInOrder) return this.#drawAll()
    const lines = fresh
      .filter(this.#filter.shows)
      .sort((a, b) => b.n - a.n)
      .slice(0, longest)
      .map(line)
    this.#list.prepend(...lines)
    while (this.#list.children.length > longest) this.#list.lastElementChild?.remove()
    this.#writeNote()
  }

  #drawAll() {
    const shown = this.#entries.filter(this.#filter.shows)
    this.#list.replaceChildren(...shown.reverse().map(line))
    this.#writeNote()
  }

  #writeNote() {
    const isEmpty = this.#list.children.length === 0
    this.#note.hidden = !isEmpty && this.#dropped === 0
    this.#note.textContent = isEmpty
      ? 'Nothing of this kind yet.'
      : `${counted(this.#dropped, 'older or crowded-out entry', 'older or crowded-out entries')} not shown.`
  }
}

/** @param {Step} step @returns {TimelineEntry} */
function entryOf(step) {
  const leaf = step.states.at(-1) ?? ''
  return {
    n: step.n,
    at: step.at,
    kind: 'step',
    level: 'info',
    name: step.event,
    text: step.handled ? leaf : `not handled in ${leaf}`,
    detail: {},
    step,
  }
}

/** @param {TimelineEntry} entry */
function line(entry) {
  const { at, kind, level, name, text, detail, step } = entry
  const shape = level !== 'info' ? level : kind
  const isUnhandled = step?.handled === false
  const shown =
    step === undefined
      ? text
      : isUnhandled
        ? `in ${step.states.at(-1) ?? ''}`
        : `→ ${step.states.at(-1) ?? ''}`
  const details = Object.entries(detail).flatMap(([key, value]) =>
    value === null || value === false ? [] : [field(key, value)],
  )
  return h(
    'li',
    { class: 'entry', 'data-kind': kind, 'data-level': level, 'data-unhandled': isUnhandled },
    icon(shape),
    h('time', { datetime: at, title: fullTime(at), text: timeOfDay(at) }),
    h(
      'div',
      { class: 'entry-body' },
      h('code', { class: 'entry-name', text: name }),
      step ? h('span', { class: 'entry-machine', text: step.machine }) : null,
      isUnhandled ? h('span', { class: 'mark', text: 'unhandled' }) : null,
      h('span', { class: 'entry-text', text: shown }),
      details.length > 0 && step === undefined
        ? h('span', {
            class: 'entry-detail',
            text: details.join(' · '),
          })
        : null,
    ),
  )
}
