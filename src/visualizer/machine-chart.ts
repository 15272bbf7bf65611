import type { AnyStateMachine } from 'xstate'
import { linkMachine, tenantMachine } from '../../machines/index.js'
import { SessionError } from '../errors.js'
import { type MachineChart, type MachineName, machineNames } from './chart.js'
import { chartOf } from './extract.js'

const machines: Record<MachineName, AnyStateMachine> = { tenant: tenantMachine, link: linkMachine }
const charts = new Map<MachineName, MachineChart>()

/**
 * The chart of one machine: states, transitions, actors, delays.
 * @throws SessionError `invalid` for a name that is no machine's
 */
export function machineChart(name: MachineName): MachineChart {
  const known = charts.get(name)
  if (known) return known
  const chart = chartOf(machines[checkedName(name)], name)
  charts.set(name, chart)
  return chart
}

function checkedName(name: string): MachineName {
  const found = machineNames.find((known) => known === name)
  if (found) return found
  throw new SessionError('invalid', `There is no machine "${name}"; expected ${machineNames.join(' or ')}.`)
}
