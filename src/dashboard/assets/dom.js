// @ts-check
import { shapes } from './shapes.js'

const svgSpace = 'http://www.w3.org/2000/svg'

/** @typedef {Node | string | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Props */

/**
 * An element. `onclick` and the like take functions, `text` is its text, everything else is an attribute; false, null
 * and undefined leave it out. Nothing is ever parsed as HTML.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (name === 'text') element.textContent = String(value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  for (const child of children) if (child) element.append(child)
  return element
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...SVGElement} children
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(svgSpace, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return /** @type {SVGElement} */ (element)
}

/**
 * A small picture beside a text; it says nothing to a screen reader.
 * @param {string} name
 */
export function icon(name) {
  const picture = svg('svg', { class: `icon icon-${name}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' })
  drawIcon(picture, name)
  return picture
}

/**
 * @param {SVGElement} picture of `icon`
 * @param {string} name
 */
export function drawIcon(picture, name) {
  const shape = shapes[name] ?? {}
  picture.setAttribute('class', `icon icon-${name}`)
  picture.replaceChildren(
    svg('path', { class: 'line', d: shape.line ?? '' }),
    svg('path', { class: 'solid', d: shape.solid ?? '' }),
  )
}

/**
 * Writes only what differs, so that a list that updates all the time costs nothing where nothing changed.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent === text) return false
  node.textContent = text
  return true
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value null removes it
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) === value) return
  if (value === null) element.removeAttribute(name)
  else element.setAttribute(name, value)
}

/**
 * @param {string} label
 * @param {Props & { icon?: string, kind?: 'plain' | 'main' | 'danger' | 'quiet' }} [props]
 */
export function button(label, { icon: name, kind = 'plain', ...props } = {}) {
  return h(
    'button',
    { type: 'button', class: `button is-${kind}`, ...props },
    name ? icon(name) : null,
    h('span', { text: label }),
  )
}

/**
 * A button that shows only its picture.
 * @param {string} label
 * @param {string} name
 * @param {Props} [props]
 */
export function iconButton(label, name, props = {}) {
  return h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': label, title: label, ...props },
    icon(name),
  )
}
