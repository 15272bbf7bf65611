// @ts-check
import { onTick } from './clock.js'
import { h } from './dom.js'
import { Generations } from './generations.js'
import { MachinePicture } from './machine-picture.js'
import { meter } from './meter.js'
import { Problems } from './problems.js'
import { TenantHead } from './tenant-head.js'
import { Timeline } from './timeline.js'
import { Vitals } from './vitals.js'

/** @typedef {import('../payloads.js').EventPayloads} EventPayloads */

/** The page of one tenant: what it is doing, what it did, what is kept of it, and what can be asked of it. */
export class TenantView {
  #tenantId
  #store
  #head
  #problems = new Problems()
  #vitals = new Vitals()
  #pictures = { tenant: new MachinePicture('tenant'), link: new MachinePicture('link') }
  #timeline = new Timeline()
  #generations
  #missing = h('p', { class: 'note is-warn', hidden: true, 'data-missing': true })
  #content
  #generation = -1
  /** @type {(() => void)[]} */
  #undo = []

  /**
   * @param {import('./store.js').Store} store
   * @param {string} tenantId
   */
  constructor(store, tenantId) {
    this.#tenantId = tenantId
    this.#store = store
    this.#head = new TenantHead(store, tenantId)
    this.#generations = new Generations(tenantId)
    this.#content = h(
      'div',
      { class: 'tenant-grid' },
      this.#pictures.tenant.element,
      this.#timeline.element,
      this.#pictures.link.element,
      this.#generations.element,
    )
    this.element = h(
      'article',
      { class: 'tenant', 'data-tenant-page': tenantId },
      this.#head.element,
      this.#missing,
      this.#problems.element,
      this.#vitals.element,
      this.#content,
    )
    this.#undo.push(
      store.listen((changed) => {
        if (changed === null || changed.has(tenantId)) this.#showRow()
      }),
      onTick(() => this.#tick()),
    )
  }

  begin() {
    document.title = `${this.#tenantId} · Session supervisor`
    this.#showRow()
  }

  destroy() {
    for (const undo of this.#undo) undo()
    this.#generations.destroy()
    this.#pictures.tenant.destroy()
    this.#pictures.link.destroy()
  }

  /** @param {EventPayloads['tenant']} detail */
  onTenant(detail) {
    if (detail.tenantId !== this.#tenantId) return
    if (detail.row !== null) this.#store.learn(detail.row)
    this.#vitals.setCounters(detail.counters)
    this.#timeline.replace(detail.timeline)
    for (const name of /** @type {const} */ (['tenant', 'link'])) {
      this.#pictures[name].show(detail.machines.find(({ machine }) => machine === name) ?? null)
    }
    this.#showProblems()
  }

  /** @param {EventPayloads['step']} payload */
  onStep({ tenantId, steps, dropped, machines, counters }) {
    if (tenantId !== this.#tenantId) return
    meter.stepsReceived += steps.length
    meter.stepsDropped += dropped
    this.#vitals.setCounters(counters)
    this.#timeline.addSteps(steps, dropped)
    for (const name of /** @type {const} */ (['tenant', 'link'])) {
      const own = steps.filter(({ machine }) => machine === name)
      const machine = machines.find((one) => one.machine === name) ?? null
      if (own.length > 0 || machine !== null) this.#pictures[name].play(own, machine)
    }
  }

  /** @param {EventPayloads['timeline']} payload */
  onTimeline({ tenantId, entries }) {
    if (tenantId !== this.#tenantId) return
    this.#timeline.add(entries)
    this.#showProblems()
  }

  #showRow() {
    const row = this.#store.rows.get(this.#tenantId) ?? null
    this.#missing.hidden = row !== null || this.#store.counts === null
    this.#missing.textContent = `There is no tenant ${this.#tenantId}. It may have been deleted, or the address is mistyped.`
    this.#content.hidden = row === null
    this.#head.show(row)
    this.#vitals.show(row)
    this.#showProblems()
    if (row !== null && row.generation !== this.#generation) {
      if (this.#generation >= 0) this.#generations.refresh()
      this.#generation = row.generation
    }
  }

  #showProblems() {
    this.#problems.show(this.#store.rows.get(this.#tenantId) ?? null, this.#timeline.problems)
  }

  #tick() {
    this.#vitals.tick()
    this.#problems.tick()
    this.#pictures.tenant.tick()
    this.#pictures.link.tick()
  }
}
