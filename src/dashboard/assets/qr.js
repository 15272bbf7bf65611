// @ts-check
import { svg } from './dom.js'

/** Light modules that a reader needs around the code. */
const quietZone = 4

/**
 * The code as a drawing: dark on white whatever the theme is, since not every phone reads it the other way round.
 * @param {number} size modules a side
 * @param {string} modules row by row; 1 is dark
 */
export function drawQr(size, modules) {
  const side = size + 2 * quietZone
  let path = ''
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (modules[y * size + x] !== '1') continue
      let end = x
      while (end + 1 < size && modules[y * size + end + 1] === '1') end += 1
      path += `M${x + quietZone} ${y + quietZone}h${end - x + 1}v1h-${end - x + 1}z`
      x = end
    }
  }
  return svg(
    'svg',
    {
      class: 'qr',
      viewBox: `0 0 ${side} ${side}`,
      role: 'img',
      'aria-label': 'QR code to scan with WhatsApp',
      'shape-rendering': 'crispEdges',
    },
    svg('rect', { class: 'qr-light', width: side, height: side }),
    svg('path', { class: 'qr-dark', d: path }),
  )
}
