// @ts-check
import { h, icon, iconButton } from './dom.js'

const goodMs = 5_000
const badMs = 15_000

/**
 * A short word on what came of an action. Read out by screen readers; goes away by itself, not while pointed at.
 * @param {string} text
 * @param {'ok' | 'bad'} [tone]
 */
export function toast(text, tone = 'ok') {
  const place = /** @type {HTMLElement} */ (document.getElementById('toasts'))
  // An open dialog covers the page, whatever its layer: say it inside.
  const dialog = document.querySelector('dialog[open]')
  if (dialog !== null) dialog.append(place)
  else document.body.append(place)
  const leave = () => element.remove()
  const element = h(
    'div',
    { class: `toast is-${tone}` },
    icon(tone === 'ok' ? 'check' : 'error'),
    h('p', { text }),
    iconButton('Dismiss', 'close', { onclick: leave }),
  )
  place.append(element)
  let timer = setTimeout(leave, tone === 'ok' ? goodMs : badMs)
  element.addEventListener('pointerenter', () => clearTimeout(timer))
  element.addEventListener('pointerleave', () => {
    timer = setTimeout(leave, goodMs)
  })
}

/** @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}
