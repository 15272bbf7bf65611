export { type AttachedDashboard, attachDashboard, type DashboardOptions } from './attach.js'
export type * from './payloads.js'
export { createDashboardServer } from './server.js'
