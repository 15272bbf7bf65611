/** A metric as it is told to Prometheus. Seconds and bytes, as its conventions ask for. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels?: readonly string[]
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[]
}

const define = <Name extends string>(all: Readonly<Record<Name, MetricDefinition>>) => all

const requestSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const lossSeconds = [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 900, 3600]

/**
 * Every metric of the sessions of this process. None has a label by tenant: with thousands of them each would be
 * thousands of series. `GET /health/sessions` tells of each tenant.
 */
export const definitions = define({
  session_supervisor_tenants: {
    type: 'gauge',
    help: 'Sessions of this process, those that have ended included, by coarse status.',
    labels: ['status'],
  },
  session_supervisor_unprotected_changes: {
    type: 'gauge',
    help: 'Changed key files that no backup covers.',
  },
  session_supervisor_unprotected_tenants: {
    type: 'gauge',
    help: 'Sessions with at least one change that no backup covers.',
  },
  session_supervisor_unprotected_oldest_seconds: {
    type: 'gauge',
    help: 'Age of the oldest change that no backup covers; 0 when there is none.',
  },
  session_supervisor_unprotected_pre_keys: {
    type: 'gauge',
    help: 'Pre-key files that no backup covers.',
  },
  session_supervisor_urgent_changes_unprotected_total: {
    type: 'counter',
    help: 'Urgent changes (pairing, pre-keys, app-state keys) that WhatsApp was told of before a backup covered them.',
  },
  session_supervisor_generations_committed_total: {
    type: 'counter',
    help: 'Backups committed, by kind.',
    labels: ['kind'],
  },
  session_supervisor_backups_failed_total: {
    type: 'counter',
    help: 'Backups that failed and are tried again, by error code.',
    labels: ['code'],
  },
  session_supervisor_uploaded_bytes_total: {
    type: 'counter',
    help: 'Bytes of committed backups that were uploaded.',
  },
  session_supervisor_committed_changes_total: {
    type: 'counter',
    help: 'Changed files that were committed.',
  },
  session_supervisor_upload_seconds: {
    type: 'histogram',
    help: 'How long the uploads of a committed backup took.',
    buckets: requestSeconds,
  },
  session_supervisor_rpo_seconds: {
    type: 'histogram',
    help: 'Age of the oldest change in a backup when it was committed: what a loss a moment before would have cost.',
    buckets: lossSeconds,
  },
  session_supervisor_uploads_running: { type: 'gauge', help: 'Uploads under way.' },
  session_supervisor_uploads_waiting: { type: 'gauge', help: 'Backups that wait for their turn to upload.' },
  session_supervisor_restores_total: {
    type: 'counter',
    help: 'Sessions brought up, by how: kept (the local copy), restored, fellBack (an older backup), imported.',
    labels: ['how'],
  },
  session_supervisor_restores_failed_total: {
    type: 'counter',
    help: 'Restores that failed and are tried again, by error code.',
    labels: ['code'],
  },
  session_supervisor_restore_seconds: {
    type: 'histogram',
    help: 'How long a restore from the store took.',
    buckets: requestSeconds,
  },
  session_supervisor_audits_total: {
    type: 'counter',
    help: 'Comparisons of files with what is known of them, by result: clean, changed (by other programs), flawed.',
    labels: ['result'],
  },
  session_supervisor_files_damaged_total: {
    type: 'counter',
    help: 'Damaged key files found; none is ever backed up.',
  },
  session_supervisor_files_healed_total: {
    type: 'counter',
    help: 'Damaged key files put right from a backup.',
  },
  session_supervisor_quarantined_total: {
    type: 'counter',
    help: 'Local copies moved to the quarantine, by reason.',
    labels: ['reason'],
  },
  session_supervisor_lease_changes_total: {
    type: 'counter',
    help: 'Leases of tenants: acquired, lost, refused (another host has it; once for each wait).',
    labels: ['change'],
  },
  session_supervisor_disconnects_total: {
    type: 'counter',
    help: 'Connections to WhatsApp that closed, by close code; `other` for one that Baileys does not document.',
    labels: ['code'],
  },
  session_supervisor_sessions_ended_total: {
    type: 'counter',
    help: 'Sessions that ended, by reason.',
    labels: ['reason'],
  },
  session_supervisor_alerts_active: {
    type: 'gauge',
    help: 'Alerts that are raised and not resolved, by rule.',
    labels: ['rule'],
  },
  session_supervisor_alerts_raised_total: {
    type: 'counter',
    help: 'Alerts raised, by rule.',
    labels: ['rule'],
  },
  session_supervisor_webhook_deliveries_total: {
    type: 'counter',
    help: 'Alerts to the webhook: delivered, failed (given up), dropped (too many waited).',
    labels: ['result'],
  },
  process_cpu_seconds_total: { type: 'counter', help: 'CPU time of the process, user and system.' },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the process.' },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, seconds since the Unix epoch.',
  },
  nodejs_heap_size_used_bytes: { type: 'gauge', help: 'Memory of JavaScript objects.' },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory outside the heap that JavaScript objects hold.',
  },
  nodejs_eventloop_utilization: {
    type: 'gauge',
    help: 'Share of time, since the last scrape, in which the event loop was busy; near 1 it cannot keep up.',
  },
  session_supervisor_info: {
    type: 'gauge',
    help: 'Always 1; the version of Node as a label.',
    labels: ['node'],
  },
})

export type MetricName = keyof typeof definitions
