import { describe, it } from 'vitest'
import { MachineModel } from './machine-model.js'
import { type Beginning, PortModel } from './port-model.js'
import { machineReplay, supervisorReplay } from './replays.js'

/** A path as a failure names it: `elsewhere: the registry gives the lease > the store answers > stop`. */
const path = process.env.REPLAY ?? 'elsewhere: the registry gives the lease > the store answers > stop'

describe('one path', () => {
  it(path, async () => {
    const [start = '', ways = ''] = path.split(/: (.*)/s)
    const steps = ways.split(' > ')
    if (!start.startsWith('machines'))
      return await supervisorReplay(new PortModel(start as Beginning), steps).run()
    const mayPair = start === 'machines'
    await machineReplay(new MachineModel({ mayPair }), mayPair, steps).run()
  })
})
