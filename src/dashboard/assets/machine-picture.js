// @ts-check
import { now } from './clock.js'
import { h, iconButton, setAttribute, setText } from './dom.js'
import { exactSpan } from './format.js'
import { meter } from './meter.js'
import { PanZoom } from './pan-zoom.js'
import { asPng, download, standalone } from './picture-export.js'
import { messageOf, toast } from './toast.js'

/** @typedef {import('../payloads.js').MachineNow} MachineNow */
/** @typedef {import('../payloads.js').Step} Step */

const titles = { tenant: 'Session', link: 'Link to WhatsApp' }
/** Steps come several at once; each is shown for so long. */
const stepShownMs = 90
/** More waiting steps than this are passed over: the picture must not lag behind. */
const waitingSteps = 12
const fadeMs = 2_600

/** @type {Map<string, Promise<Document>>} */
const loaded = new Map()

/** A machine drawn live: what is active is lit, the last way taken is highlighted and fades. */
export class MachinePicture {
  #name
  #frame
  #state = h('code', { class: 'picture-state', 'data-now': true })
  #time = h('span', { class: 'picture-time' })
  #zoom = h('span', { class: 'picture-zoom', 'aria-hidden': 'true' })
  #actors = h('ul', { class: 'actors', 'aria-label': 'Running parts' })
  /** @type {SVGSVGElement | null} */
  #drawing = null
  /** @type {PanZoom | null} */
  #panZoom = null
  #box = { x: 0, y: 0, width: 0, height: 0 }
  /** @type {Step[]} */
  #waiting = []
  #timer = 0
  /** @type {MachineNow | null} */
  #now = null
  /** @type {readonly string[]} */
  #lit = []

  /** @param {'tenant' | 'link'} name */
  constructor(name) {
    this.#name = name
    this.#frame = h('div', {
      class: 'picture-frame',
      tabindex: '0',
      role: 'img',
      'aria-label': `${titles[name]}: statechart`,
      'aria-roledescription': 'statechart',
      'aria-keyshortcuts': '+ - 0',
      title: 'Click, then use the wheel to zoom; drag to move; + − 0 and arrows on the keyboard',
    })
    this.element = h(
      'section',
      { class: 'picture panel', 'data-machine': name, 'aria-labelledby': `picture-${name}` },
      h(
        'header',
        { class: 'panel-head' },
        h('h2', { id: `picture-${name}`, text: titles[name] }),
        this.#state,
        this.#time,
        this.#tools(),
      ),
      this.#frame,
      this.#actors,
    )
    void this.#load()
  }

  destroy() {
    clearTimeout(this.#timer)
  }

  #tools() {
    const use = (/** @type {(panZoom: PanZoom) => void} */ act) => () => this.#panZoom && act(this.#panZoom)
    return h(
      'div',
      { class: 'picture-tools', role: 'group', 'aria-label': `View of ${titles[this.#name]}` },
      this.#zoom,
      iconButton('Zoom out', 'minus', { onclick: use((view) => view.zoomOut()) }),
      iconButton('Zoom in', 'plus', { onclick: use((view) => view.zoomIn()) }),
      iconButton('Fit', 'fit', { onclick: use((view) => view.showAll()), 'data-fit': true }),
      h(
        'button',
        { type: 'button', class: 'text-button', title: 'Save as SVG', onclick: () => this.#save('svg') },
        'SVG',
      ),
      h(
        'button',
        { type: 'button', class: 'text-button', title: 'Save as PNG', onclick: () => this.#save('png') },
        'PNG',
      ),
    )
  }

  async #load() {
    try {
      this.#drawing = await drawingOf(this.#name)
    } catch (error) {
      this.#frame.replaceChildren(h('p', { class: 'hint no-picture', text: messageOf(error) }))
      return
    }
    const { x, y, width, height } = this.#drawing.viewBox.baseVal
    this.#box = { x, y, width, height }
    this.#drawing.removeAttribute('width')
    this.#drawing.removeAttribute('height')
    this.#drawing.setAttribute('aria-hidden', 'true')
    this.#frame.replaceChildren(this.#drawing)
    this.#panZoom = new PanZoom(this.#frame, this.#drawing, (scale) => {
      setText(this.#zoom, scale > 1.01 ? `${Math.round(scale * 100)} %` : '')
    })
    this.#light(this.#lit)
  }

  /** As it is now; steps that wait to be shown are passed over. @param {MachineNow | null} machine */
  show(machine) {
    this.#waiting = []
    this.#now = machine
    this.#light(machine?.states ?? [])
    this.#writeActors()
    if (machine?.last) this.#highlight(machine.last, false)
    else this.#clearHighlight()
    this.tick()
  }

  /**
   * @param {readonly Step[]} steps of this machine, in order
   * @param {MachineNow | null} machine what they led to
   */
  play(steps, machine) {
    this.#now = machine
    this.#writeActors()
    this.#waiting.push(...steps)
    if (this.#waiting.length > waitingSteps) this.#waiting.splice(0, this.#waiting.length - waitingSteps)
    if (this.#timer === 0) this.#next()
    this.tick()
  }

  #next() {
    this.#timer = 0
    const step = this.#waiting.shift()
    if (step === undefined) {
      if (this.#now !== null) this.#light(this.#now.states)
      return
    }
    meter.stepsShown += 1
    this.#light(step.states)
    this.#highlight(step, true)
    this.#timer = window.setTimeout(() => this.#next(), stepShownMs)
  }

  tick() {
    const since = this.#now?.since ?? null
    setText(this.#time, since === null ? '' : `for ${exactSpan(now() - Date.parse(since))}`)
  }

  /** @param {readonly string[]} states outermost first */
  #light(states) {
    this.#lit = states
    const leaf = states.at(-1) ?? ''
    setText(this.#state, leaf || 'does not run here')
    this.#frame.setAttribute(
      'aria-label',
      `${titles[this.#name]}: ${leaf ? `in ${leaf}` : 'does not run in this process'}`,
    )
    setAttribute(this.element, 'data-lit', states.join(' '))
    for (const node of this.#drawing?.querySelectorAll('[data-state]') ?? []) {
      const id = node.getAttribute('data-state') ?? ''
      node.classList.toggle('is-active', states.includes(id))
      node.classList.toggle('is-leaf', id === leaf)
    }
  }

  /** @param {Step} step @param {boolean} isNew */
  #highlight(step, isNew) {
    this.#clearHighlight()
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    for (const edge of this.#drawing?.querySelectorAll('[data-edge]') ?? []) {
      if (!step.edges.includes(edge.getAttribute('data-edge') ?? '')) continue
      edge.classList.add('is-last')
      // On top of the ways that it crosses.
      edge.parentNode?.append(edge)
      if (isNew && !calm)
        edge.animate([{ opacity: 1 }, { opacity: 1, offset: 0.3 }, { opacity: 0.55 }], { duration: fadeMs })
      if (isNew) edge.classList.add('is-new')
    }
  }

  #clearHighlight() {
    for (const edge of this.#drawing?.querySelectorAll('.is-last') ?? [])
      edge.classList.remove('is-last', 'is-new')
  }

  #writeActors() {
    const actors = this.#now?.actors ?? []
    const running = new Set(actors.filter(({ isActive }) => isActive).map(({ id }) => id))
    this.#actors.replaceChildren(
      ...actors.map(({ id, isActive }) =>
        h(
          'li',
          { class: isActive ? 'is-running' : '' },
          h('code', { text: id }),
          h('span', { text: isActive ? 'runs' : 'ended' }),
        ),
      ),
    )
    for (const node of this.#drawing?.querySelectorAll('[data-actor]') ?? []) {
      node.classList.toggle('is-running', running.has(node.getAttribute('data-actor') ?? ''))
    }
  }

  /** @param {'svg' | 'png'} kind */
  async #save(kind) {
    if (this.#drawing === null) return
    try {
      const background = getComputedStyle(this.#frame).backgroundColor
      const drawing = standalone(this.#drawing, this.#box, background)
      const blob = kind === 'svg' ? new Blob([drawing.text], { type: 'image/svg+xml' }) : await asPng(drawing)
      download(blob, `${this.#name}-machine.${kind}`)
    } catch (error) {
      toast(messageOf(error), 'bad')
    }
  }
}

/** @param {string} name @returns {Promise<SVGSVGElement>} a copy of its own */
async function drawingOf(name) {
  const loading = loaded.get(name) ?? fetchDrawing(name)
  loaded.set(name, loading)
  loading.catch(() => loaded.delete(name))
  const { documentElement } = await loading
  return /** @type {any} */ (document.importNode(documentElement, true))
}

/** @param {string} name */
async function fetchDrawing(name) {
  linkStyle()
  const response = await fetch(`machines/${name}.svg`, { credentials: 'same-origin' })
  if (!response.ok)
    throw new Error(
      `The drawing is not to be had (${response.status}); the state above and the transitions beside it are live all the same.`,
    )
  const parsed = new DOMParser().parseFromString(await response.text(), 'image/svg+xml')
  if (parsed.documentElement.localName !== 'svg')
    throw new Error('The drawing is damaged; load the page again.')
  return parsed
}

/** Only whoever is signed in may have it, so it cannot be named in the page itself. */
function linkStyle() {
  const href = 'machines/machine.css'
  if (document.querySelector(`link[href="${href}"]`) === null)
    document.head.append(h('link', { rel: 'stylesheet', href }))
}
