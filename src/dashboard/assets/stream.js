// @ts-check
import { get } from './api.js'
import { meter } from './meter.js'

/** @typedef {import('../payloads.js').EventPayloads} EventPayloads */
/** @typedef {import('../payloads.js').EventName} EventName */
/** `retrying` for a moment, `gone` when it lasts. @typedef {'connecting' | 'live' | 'retrying' | 'gone'} StreamStatus */

/** @type {EventName[]} */
const names = ['state', 'changes', 'tenant', 'step', 'timeline', 'bye']
/** A server that restarts is back before this. */
const goneAfterMs = 4_000
/** Without a word for so long the server is asked whether it is there. */
const silenceMs = 20_000
const answerLimitMs = 5_000
const longestWaitMs = 10_000

/**
 * The live stream. The browser connects again by itself after an interruption and says what it had last; only when it
 * gives up (an answer that is no stream) the page tries by itself.
 */
export class Stream {
  /** @type {StreamStatus} */
  status = 'connecting'
  /** @type {EventSource | null} */
  #source = null
  /** @type {string | null} */
  #tenantId = null
  #onEvent
  #onStatus
  #onSignedOut
  #heardAt = 0
  #tries = 0
  #goneTimer = 0
  #retryTimer = 0
  #isChecking = false

  /**
   * @param {object} told
   * @param {<N extends EventName>(name: N, payload: EventPayloads[N]) => void} told.onEvent
   * @param {(status: StreamStatus) => void} told.onStatus
   * @param {() => void} told.onSignedOut
   */
  constructor({ onEvent, onStatus, onSignedOut }) {
    this.#onEvent = onEvent
    this.#onStatus = onStatus
    this.#onSignedOut = onSignedOut
    setInterval(() => this.#listenForSilence(), 5_000)
    document.addEventListener('visibilitychange', () => this.#listenForSilence())
  }

  /** @param {string | null} tenantId the one to be told everything about */
  watch(tenantId) {
    if (this.#source !== null && this.#tenantId === tenantId) return
    this.#tenantId = tenantId
    this.#open()
  }

  close() {
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#goneTimer)
    this.#goneTimer = 0
    this.#source?.close()
    this.#source = null
  }

  #open() {
    clearTimeout(this.#retryTimer)
    this.#source?.close()
    const query = this.#tenantId === null ? '' : `?tenant=${encodeURIComponent(this.#tenantId)}`
    const source = new EventSource(`events${query}`)
    this.#source = source
    this.#heardAt = Date.now()
    meter.connections += 1
    source.onopen = () => this.#heard()
    source.onerror = () => {
      if (source !== this.#source) return
      this.#interrupted()
      if (source.readyState === EventSource.CLOSED) this.#retryLater()
    }
    for (const name of names) {
      source.addEventListener(name, (message) => {
        if (source === this.#source) this.#receive(name, /** @type {MessageEvent} */ (message))
      })
    }
  }

  /** @param {EventName} name @param {MessageEvent} message */
  #receive(name, message) {
    meter.messages += 1
    this.#heard()
    const payload = JSON.parse(message.data)
    if (name === 'bye' && payload.reason === 'signedOut') {
      this.close()
      this.#onSignedOut()
    } else if (name !== 'bye') this.#onEvent(name, payload)
  }

  #heard() {
    this.#heardAt = Date.now()
    this.#tries = 0
    clearTimeout(this.#goneTimer)
    this.#goneTimer = 0
    this.#tell('live')
  }

  #interrupted() {
    if (this.#goneTimer !== 0) return
    this.#tell('retrying')
    this.#goneTimer = window.setTimeout(() => this.#tell('gone'), goneAfterMs)
  }

  #retryLater() {
    clearTimeout(this.#retryTimer)
    const waitMs = Math.min(longestWaitMs, 500 * 2 ** this.#tries)
    this.#tries += 1
    this.#retryTimer = window.setTimeout(() => void this.#check(), waitMs)
  }

  /** A connection whose other end vanished says nothing; only a question finds out. */
  #listenForSilence() {
    const isQuiet = this.#source?.readyState === EventSource.OPEN && Date.now() - this.#heardAt > silenceMs
    if (isQuiet && !document.hidden) void this.#check()
  }

  async #check() {
    if (this.#isChecking || this.#source === null) return
    this.#isChecking = true
    /** @type {import('../payloads.js').SessionPayload | null} */
    const answer = await get('/session', AbortSignal.timeout(answerLimitMs)).catch(() => null)
    this.#isChecking = false
    if (this.#source === null) return
    if (answer?.signedIn === false) return this.#onSignedOut()
    if (answer === null) {
      this.#interrupted()
      this.#retryLater()
    } else if (this.#source.readyState === EventSource.CLOSED || this.#goneTimer !== 0) this.#open()
    else this.#heardAt = Date.now()
  }

  /** @param {StreamStatus} status */
  #tell(status) {
    if (this.status === status) return
    this.status = status
    this.#onStatus(status)
  }
}
