// @ts-check

/** What a style sheet gives a drawing and a file of its own must carry. */
const carried = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'text-anchor',
  'dominant-baseline',
  'letter-spacing',
  'visibility',
  'display',
  'paint-order',
]
const pixelsPerUnit = 2
const margin = 24

/**
 * A copy that looks the same wherever it is opened: what the style sheets give is written into it as attributes.
 * @param {SVGSVGElement} drawing
 * @param {{ x: number, y: number, width: number, height: number }} box all of it
 * @param {string} background
 */
export function standalone(drawing, box, background) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true))
  const originals = [drawing, ...drawing.querySelectorAll('*')]
  const copies = [copy, ...copy.querySelectorAll('*')]
  for (const [index, original] of originals.entries()) {
    const style = getComputedStyle(original)
    const target = /** @type {Element} */ (copies[index])
    for (const name of carried) target.setAttribute(name, style.getPropertyValue(name))
    target.removeAttribute('class')
  }
  const { x, y, width, height } = box
  const outer = { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin }
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  copy.setAttribute('viewBox', `${outer.x} ${outer.y} ${outer.width} ${outer.height}`)
  copy.setAttribute('width', String(outer.width))
  copy.setAttribute('height', String(outer.height))
  const sheet = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  for (const [name, value] of Object.entries({ ...outer, fill: background }))
    sheet.setAttribute(name, String(value))
  copy.prepend(sheet)
  return { text: new XMLSerializer().serializeToString(copy), width: outer.width, height: outer.height }
}

/**
 * @param {{ text: string, width: number, height: number }} drawing
 * @returns {Promise<Blob>}
 */
export async function asPng({ text, width, height }) {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * pixelsPerUnit)
  canvas.height = Math.round(height * pixelsPerUnit)
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) =>
      blob ? resolve(blob) : reject(new Error('The browser could not draw the picture.')),
    )
  })
}

/**
 * @param {Blob} blob
 * @param {string} name of the file
 */
export function download(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
