// @ts-check

const largest = 8
const smallest = 1
const stepFactor = 1.25
const panShare = 0.12

/**
 * Zooming and panning of a drawing by its viewBox, so that it stays sharp. `scale` 1 shows all of it.
 *
 * The wheel scrolls the page as everywhere, until the picture has the focus (or Ctrl is held); one finger scrolls the page
 * until the picture is zoomed in. Keys: + − 0 and the arrows.
 */
export class PanZoom {
  #frame
  #drawing
  #box
  #scale = 1
  #centre
  /** @type {Map<number, { x: number, y: number }>} */
  #pointers = new Map()
  #onScale

  /**
   * @param {HTMLElement} frame focusable
   * @param {SVGSVGElement} drawing
   * @param {(scale: number) => void} onScale
   */
  constructor(frame, drawing, onScale) {
    this.#frame = frame
    this.#drawing = drawing
    this.#onScale = onScale
    const { x, y, width, height } = drawing.viewBox.baseVal
    this.#box = { x, y, width, height }
    this.#centre = { x: x + width / 2, y: y + height / 2 }
    frame.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false })
    frame.addEventListener('keydown', (event) => this.#onKey(event))
    frame.addEventListener('pointerdown', (event) => this.#onDown(event))
    frame.addEventListener('pointermove', (event) => this.#onMove(event))
    for (const name of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      frame.addEventListener(name, (event) => this.#pointers.delete(event.pointerId))
    }
    frame.addEventListener('dblclick', (event) => {
      this.zoom(stepFactor ** 2, this.#at(event.clientX, event.clientY))
    })
    this.#apply()
  }

  get scale() {
    return this.#scale
  }

  zoomIn() {
    this.zoom(stepFactor)
  }

  zoomOut() {
    this.zoom(1 / stepFactor)
  }

  /** All of the drawing. */
  showAll() {
    const { x, y, width, height } = this.#box
    this.#scale = 1
    this.#centre = { x: x + width / 2, y: y + height / 2 }
    this.#apply()
  }

  /**
   * @param {number} factor
   * @param {{ x: number, y: number }} [fixed] the point of the drawing that stays where it is
   */
  zoom(factor, fixed = this.#centre) {
    const scale = Math.min(largest, Math.max(smallest, this.#scale * factor))
    const share = this.#scale / scale
    this.#centre = {
      x: fixed.x + (this.#centre.x - fixed.x) * share,
      y: fixed.y + (this.#centre.y - fixed.y) * share,
    }
    this.#scale = scale
    this.#apply()
  }

  /**
   * @param {number} dx in units of the drawing
   * @param {number} dy
   */
  #pan(dx, dy) {
    this.#centre = { x: this.#centre.x + dx, y: this.#centre.y + dy }
    this.#apply()
  }

  #apply() {
    const { x, y, width, height } = this.#box
    const shown = { width: width / this.#scale, height: height / this.#scale }
    const within = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ room) =>
      Math.min(low + room, Math.max(low, value))
    this.#centre = {
      x: within(this.#centre.x, x + shown.width / 2, width - shown.width),
      y: within(this.#centre.y, y + shown.height / 2, height - shown.height),
    }
    const left = this.#centre.x - shown.width / 2
    const top = this.#centre.y - shown.height / 2
    this.#drawing.setAttribute('viewBox', `${left} ${top} ${shown.width} ${shown.height}`)
    this.#frame.classList.toggle('is-zoomed', this.#scale > smallest)
    this.#onScale(this.#scale)
  }

  /** Units of the drawing in a pixel. */
  get #unit() {
    const matrix = this.#drawing.getScreenCTM()
    return matrix === null || matrix.a === 0 ? 1 : 1 / matrix.a
  }

  /**
   * The point of the drawing below a point of the window.
   * @param {number} x
   * @param {number} y
   */
  #at(x, y) {
    const matrix = this.#drawing.getScreenCTM()
    return matrix === null ? this.#centre : new DOMPoint(x, y).matrixTransform(matrix.inverse())
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    const hasFocus = this.#frame.contains(document.activeElement)
    if (!hasFocus && !event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
    this.zoom(Math.exp(-event.deltaY * lines * 0.002), this.#at(event.clientX, event.clientY))
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const dx = (this.#box.width / this.#scale) * panShare
    const dy = (this.#box.height / this.#scale) * panShare
    /** @type {Record<string, () => void>} */
    const moves = {
      '+': () => this.zoomIn(),
      '=': () => this.zoomIn(),
      '-': () => this.zoomOut(),
      0: () => this.showAll(),
      ArrowLeft: () => this.#pan(-dx, 0),
      ArrowRight: () => this.#pan(dx, 0),
      ArrowUp: () => this.#pan(0, -dy),
      ArrowDown: () => this.#pan(0, dy),
    }
    const move = moves[event.key]
    // At its full size there is nothing to pan: the arrows scroll the page.
    if (move === undefined || (event.key.startsWith('Arrow') && this.#scale === smallest)) return
    event.preventDefault()
    move()
  }

  /** @param {PointerEvent} event */
  #onDown(event) {
    if (event.button !== 0) return
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    if (event.pointerType === 'mouse' || this.#pointers.size > 1)
      this.#frame.setPointerCapture(event.pointerId)
  }

  /** @param {PointerEvent} event */
  #onMove(event) {
    const before = this.#pointers.get(event.pointerId)
    if (before === undefined) return
    const after = { x: event.clientX, y: event.clientY }
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1]
    this.#pointers.set(event.pointerId, after)
    if (other === undefined) {
      const unit = this.#unit
      if (this.#scale > smallest) this.#pan((before.x - after.x) * unit, (before.y - after.y) * unit)
      return
    }
    const distance = (/** @type {{ x: number, y: number }} */ point) =>
      Math.hypot(point.x - other.x, point.y - other.y)
    const middle = this.#at((after.x + other.x) / 2, (after.y + other.y) / 2)
    if (distance(before) > 0) this.zoom(distance(after) / distance(before), middle)
  }
}
