// @ts-check
import { learnTime } from './clock.js'
import { inNextFrame } from './frame.js'
import { meter } from './meter.js'

/** @typedef {import('../payloads.js').TenantRow} TenantRow */
/** @typedef {import('../payloads.js').EventPayloads} EventPayloads */
/** @typedef {(changed: ReadonlySet<string> | null) => void} Listener */

/** What the page knows of all tenants. Listeners hear once a frame which rows changed; null means any. */
export class Store {
  /** @type {Map<string, TenantRow>} */
  rows = new Map()
  /** @type {import('../payloads.js').Counts | null} null before the first state */
  counts = null
  /** @type {import('../payloads.js').RegistryHealth} */
  registry = 'ok'
  host = ''
  version = ''
  /** Grows when tenants come or go. */
  membership = 0

  /** @type {Set<Listener>} */
  #listeners = new Set()
  /** @type {Set<string> | null} */
  #changed = new Set()
  #flush = () => {
    const changed = this.#changed
    this.#changed = new Set()
    for (const listener of this.#listeners) listener(changed)
  }

  /**
   * @param {Listener} listener
   * @returns {() => void} ends it
   */
  listen(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @param {EventPayloads['state']} state */
  replace({ at, host, version, registry, counts, tenants }) {
    learnTime(at)
    this.rows = new Map(tenants.map((row) => [row.tenantId, row]))
    this.membership += 1
    Object.assign(this, { host, version, registry, counts })
    meter.rowsReceived += tenants.length
    this.#changed = null
    inNextFrame(this.#flush)
  }

  /** @param {EventPayloads['changes']} changes */
  apply({ at, registry, counts, rows, removed }) {
    learnTime(at)
    Object.assign(this, { registry, counts })
    meter.rowsReceived += rows.length
    for (const change of rows) {
      const known = this.rows.get(change.tenantId)
      this.#put(/** @type {TenantRow} */ ({ ...known, ...change }))
    }
    for (const tenantId of removed) {
      if (!this.rows.delete(tenantId)) continue
      this.membership += 1
      this.#changed?.add(tenantId)
    }
    inNextFrame(this.#flush)
  }

  /**
   * A row that came otherwise, of a tenant that the stream has not told of yet. Of all others the stream has the word:
   * it tells what changed since it told last, so that a row from elsewhere would stay where it does not belong.
   * @param {TenantRow} row
   */
  learn(row) {
    if (!this.rows.has(row.tenantId)) this.#put(row)
  }

  /** @param {TenantRow} row */
  #put(row) {
    if (!this.rows.has(row.tenantId)) this.membership += 1
    this.rows.set(row.tenantId, row)
    this.#changed?.add(row.tenantId)
    inNextFrame(this.#flush)
  }
}
