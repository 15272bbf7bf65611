// @ts-check
import { h, icon, iconButton, setAttribute, setText } from './dom.js'
import { timeOfDay } from './format.js'
import { chosenTheme, nextTheme } from './theme.js'

/** @typedef {import('./stream.js').StreamStatus} StreamStatus */

/** @type {Record<StreamStatus, string>} */
const words = { connecting: 'Connecting', live: 'Live', retrying: 'Reconnecting', gone: 'Server gone' }
const themeNames = { auto: 'as the system', light: 'light', dark: 'dark' }

/** Where one is, whether what is shown is live, and the theme. */
export class TopBar {
  #word = h('span', { text: words.connecting })
  #live = h(
    'p',
    { class: 'live', role: 'status', 'data-stream': 'connecting' },
    h('span', { class: 'live-dot', 'aria-hidden': 'true' }),
    this.#word,
  )
  #host = h('p', { class: 'host' })
  #gone = h('div', { class: 'banner is-bad', role: 'alert', hidden: true, 'data-gone': true })
  #registry = h('div', { class: 'banner is-warn', role: 'status', hidden: true, 'data-registry': true })
  #liveUntil = new Date()
  #signOut

  /**
   * @param {HTMLElement} top
   * @param {{ onSignOut: () => void, onKeys: () => void }} actions
   */
  constructor(top, { onSignOut, onKeys }) {
    const theme = iconButton('', chosenTheme(), { 'data-theme-button': true })
    const showTheme = () => {
      const chosen = chosenTheme()
      const label = `Theme: ${themeNames[chosen]}. Change`
      theme.replaceChildren(icon(chosen))
      setAttribute(theme, 'aria-label', label)
      theme.title = label
    }
    theme.addEventListener('click', () => {
      nextTheme()
      showTheme()
    })
    showTheme()
    this.#signOut = iconButton('Sign out', 'loggedOut', { onclick: onSignOut, 'data-sign-out': true })
    const brand = h(
      'a',
      { class: 'brand', href: '#/' },
      icon('brand'),
      h('span', { text: 'Session supervisor' }),
    )
    top.replaceChildren(
      h(
        'div',
        { class: 'bar' },
        brand,
        this.#host,
        this.#live,
        iconButton('Keys', 'keyboard', { onclick: onKeys, class: 'icon-button is-keys' }),
        theme,
        this.#signOut,
      ),
      this.#gone,
      this.#registry,
    )
    top.hidden = false
  }

  /** @param {boolean} needsToken */
  setNeedsToken(needsToken) {
    this.#signOut.hidden = !needsToken
  }

  /** @param {import('./store.js').Store} store */
  showStore({ host, version, registry }) {
    setText(this.#host, host ? `host ${host} · ${version}` : '')
    this.#registry.hidden = registry === 'ok'
    setText(
      this.#registry,
      registry === 'ok'
        ? ''
        : 'The registry does not answer. Sessions here go on; rows of tenants elsewhere are as they were last.',
    )
  }

  /** @param {StreamStatus} status */
  showStream(status) {
    if (this.#live.dataset.stream === 'live' && status !== 'live') this.#liveUntil = new Date()
    this.#live.dataset.stream = status
    document.documentElement.dataset.stream = status
    setText(this.#word, words[status])
    this.#gone.hidden = status !== 'gone'
    setText(
      this.#gone,
      status === 'gone'
        ? `The server does not answer since ${timeOfDay(this.#liveUntil.toISOString())}. What you see is as it was then; sessions may well go on. Trying again by itself.`
        : '',
    )
  }
}
