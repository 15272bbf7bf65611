// @ts-check
import { get, post, session } from './api.js'
import { h } from './dom.js'
import { openKeysDialog } from './keys-dialog.js'
import { ListView } from './list-view.js'
import { openAddDialog } from './pair-dialog.js'
import { parseRoute } from './router.js'
import { showSignIn } from './sign-in.js'
import { Store } from './store.js'
import { Stream } from './stream.js'
import { TenantView } from './tenant-view.js'
import { applyTheme, chosenTheme } from './theme.js'
import { TopBar } from './top-bar.js'

/** @typedef {import('../payloads.js').SessionPayload} SessionPayload */

const main = /** @type {HTMLElement} */ (document.getElementById('main'))
const top = /** @type {HTMLElement} */ (document.getElementById('top'))
/** What is shown before the server was ever reached is asked for again after. */
const askAgainMs = 2_000

class Page {
  #store = new Store()
  /** @type {Stream | null} */
  #stream = null
  /** @type {TopBar | null} */
  #bar = null
  /** @type {ListView | TenantView | null} */
  #view = null

  constructor() {
    applyTheme(chosenTheme())
    addEventListener('hashchange', () => this.#route())
    document.addEventListener('keydown', (event) => this.#onKey(event))
    session.addEventListener('signedOut', () => this.#showSignIn())
    document.querySelector('[data-skip]')?.addEventListener('click', (event) => {
      event.preventDefault()
      main.focus()
    })
  }

  async begin() {
    /** @type {SessionPayload | null} */
    const answer = await get('/session').catch(() => null)
    if (answer === null) {
      main.replaceChildren(
        h('p', { class: 'note is-bad', role: 'alert', text: 'The server does not answer. Trying again…' }),
      )
      setTimeout(() => void this.begin(), askAgainMs)
    } else if (answer.signedIn) this.#show(answer)
    else this.#showSignIn()
  }

  /** @param {SessionPayload} answer */
  #show({ needsToken }) {
    this.#bar = new TopBar(top, { onSignOut: () => void this.#signOut(), onKeys: openKeysDialog })
    this.#bar.setNeedsToken(needsToken)
    this.#store.listen(() => this.#bar?.showStore(this.#store))
    this.#stream ??= new Stream({
      onEvent: (name, payload) => this.#onEvent(name, /** @type {any} */ (payload)),
      onStatus: (status) => this.#bar?.showStream(status),
      onSignedOut: () => this.#showSignIn(),
    })
    this.#route()
  }

  #showSignIn() {
    this.#stream?.close()
    if (this.#bar === null && main.querySelector('.sign-in') !== null) return
    this.#leave()
    this.#bar = null
    top.hidden = true
    top.replaceChildren()
    for (const dialog of document.querySelectorAll('dialog')) dialog.close()
    this.#store = new Store()
    showSignIn(main, () => void this.begin())
  }

  async #signOut() {
    await post('/session/end').catch(() => null)
    this.#showSignIn()
  }

  #leave() {
    this.#view?.destroy()
    this.#view = null
  }

  #route() {
    if (this.#bar === null) return
    const route = parseRoute(location.hash)
    if (route.page === 'list' && this.#view instanceof ListView) return this.#view.setRoute(route)
    const isBack = this.#view instanceof TenantView
    this.#leave()
    this.#stream?.watch(route.page === 'tenant' ? route.tenantId : null)
    const view =
      route.page === 'tenant'
        ? new TenantView(this.#store, route.tenantId)
        : new ListView(this.#store, route, { onAdd: () => openAddDialog(this.#store) })
    this.#view = view
    main.replaceChildren(view.element)
    view.begin()
    main.scrollTop = 0
    if (view instanceof TenantView) view.element.querySelector('h1')?.focus()
    else if (isBack) view.focusRows()
  }

  /**
   * @param {import('../payloads.js').EventName} name
   * @param {any} payload
   */
  #onEvent(name, payload) {
    if (name === 'state') this.#store.replace(payload)
    else if (name === 'changes') this.#store.apply(payload)
    else if (!(this.#view instanceof TenantView)) return
    else if (name === 'tenant') this.#view.onTenant(payload)
    else if (name === 'step') this.#view.onStep(payload)
    else if (name === 'timeline') this.#view.onTimeline(payload)
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const target = /** @type {HTMLElement} */ (event.target)
    const isTyping = target.matches('input, textarea, select')
    const isCovered = document.querySelector('dialog[open]') !== null
    if (this.#bar === null || isTyping || isCovered || event.defaultPrevented) return
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '/') this.#filter()
    else if (event.key === 'Escape' && this.#view instanceof TenantView) location.hash = '#/'
    else if (event.key === 'n') openAddDialog(this.#store)
    else if (event.key === '?') openKeysDialog()
    else return
    event.preventDefault()
  }

  #filter() {
    if (!(this.#view instanceof ListView)) {
      history.pushState(null, '', '#/')
      this.#route()
    }
    if (this.#view instanceof ListView) this.#view.focusFilter()
  }
}

void new Page().begin()
