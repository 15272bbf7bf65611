export * from './chart.js'
export { edgeIdOf, edgesTaken } from './edge-id.js'
export { machineChart } from './machine-chart.js'
