import type { MachineName } from './chart.js'
import { linesOf, rowsOf } from './drawn-text.js'
import { layoutOf } from './layout.js'
import { fontFamily, light, machineCss } from './looks.js'
import { machineChart } from './machine-chart.js'
import { rootHeight } from './measures.js'
import { element } from './svg-elements.js'
import { svgLine } from './svg-lines.js'
import { type Lit, svgRoot, svgState } from './svg-states.js'

export interface MachineSvgOptions extends Lit {
  /**
   * True: with its style inside, for a file of its own; light or dark as the reader prefers. False: for a page with a
   * strict content policy: classes and attributes only, light unless the page uses `machineCss`.
   */
  readonly standalone?: boolean
}

const titles: Record<MachineName, [title: string, description: string]> = {
  tenant: [
    'The tenant machine',
    'States of one session: restoring, pairing, connected, backing-up, closing, closed; boxes are states, arrows are transitions labelled event [guard] / actions.',
  ],
  link: [
    'The link machine',
    'States of one connection to WhatsApp: idle, online, waiting, ended; boxes are states, arrows are transitions labelled event [guard] / actions.',
  ],
}

/**
 * The drawing of one machine. Every state is one `[data-state]`, every transition one `[data-edge]`, every actor one
 * `[data-actor]`, all with their ids in the chart.
 * @throws SessionError `invalid` for a name that is no machine's
 */
export function machineSvg(name: MachineName, options: MachineSvgOptions = {}): string {
  const chart = machineChart(name)
  const layout = layoutOf(name)
  const above = rootHeight(rowsOf(chart, chart.root), layout.width)
  const height = layout.height + above
  const [title, description] = titles[name]
  const lines = linesOf(chart).map((line, index) => svgLine(line, layout.lines[index]!, options.lastEdge))
  const content = [
    element('title', { id: `machine-${name}-title` }, title),
    element('desc', { id: `machine-${name}-description` }, description),
    ...(options.standalone ? [element('style', {}, machineCss)] : []),
    element('rect', { class: 'machine-paper', width: layout.width, height, fill: light.paper }),
    svgRoot(chart, layout.width, above, options),
    element(
      'g',
      { transform: `translate(0 ${above})` },
      [...chart.states.map((state) => svgState(chart, layout, state, options)), ...lines].join(''),
    ),
  ]
  return element('svg', frameOf(name, layout.width, height), content.join('\n'))
}

function frameOf(name: MachineName, width: number, height: number) {
  return {
    xmlns: 'http://www.w3.org/2000/svg',
    class: `machine machine-${name}`,
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'aria-labelledby': `machine-${name}-title machine-${name}-description`,
    'font-family': fontFamily,
  }
}
