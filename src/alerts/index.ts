export type { Alert, AlertName } from './alert.js'
export { Alerts } from './alerts.js'
export { Webhook } from './webhook.js'
export { checkWebhook, type WebhookConfig, webhookProblem } from './webhook-url.js'
