// @ts-check

/** A ring of radius 5.5. */
const ring = 'M13.5 8a5.5 5.5 0 1 1-11 0a5.5 5.5 0 1 1 11 0z'

/**
 * The paths of the small pictures, on 16 × 16. Each status has a shape of its own, so that none is told by colour alone.
 * @type {Record<string, { line?: string, solid?: string }>}
 */
export const shapes = {
  connected: { solid: 'M13 8a5 5 0 1 1-10 0a5 5 0 1 1 10 0z' },
  reconnecting: { line: ring, solid: 'M8 2.5a5.5 5.5 0 0 1 0 11z' },
  restoring: { line: 'M8 1.5v8M4.8 6.6 8 9.8l3.2-3.2M2.5 11.5v2h11v-2' },
  pairing: {
    line: 'M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4z',
    solid: 'M9 9h2.2v2.2H9zM11.8 11.8H14V14h-2.2z',
  },
  disconnected: { line: ring },
  loggedOut: { line: 'M9.5 2.5h-6v11h6M6.5 8h7.5M11.4 5.3 14.1 8l-2.7 2.7' },
  replaced: { line: 'M2.5 2.5h7v7h-7zM12 6.5h1.5v7h-7V12' },
  banned: { line: `${ring}M4.2 4.2l7.6 7.6` },
  failed: { line: 'M8 2.2 14.4 13.5H1.6zM8 6.5v3.2', solid: 'M7.2 11h1.6v1.5H7.2z' },
  search: { line: 'M11 6.8a4.2 4.2 0 1 1-8.4 0a4.2 4.2 0 1 1 8.4 0zM10 10l3.8 3.8' },
  plus: { line: 'M8 3v10M3 8h10' },
  minus: { line: 'M3 8h10' },
  close: { line: 'M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4' },
  back: { line: 'M10 3.2 5.2 8l4.8 4.8' },
  up: { line: 'M3.5 10 8 5.5l4.5 4.5' },
  fit: { line: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10' },
  backup: { line: 'M8 10V2.5M5 5.3 8 2.3l3 3M2.5 10v3.5h11V10' },
  audit: { line: 'M6.5 13.5h-3v-11h9v4M5.8 5.5h4.4M5.8 8h2M8.5 11.4l1.9 1.9 3.6-4' },
  stop: { line: 'M4 4h8v8H4z' },
  start: { line: 'M5 3.2v9.6L12.6 8z' },
  download: { line: 'M8 2.5V10M5 7.2 8 10.2l3-3M2.5 11v2.5h11V11' },
  light: {
    line: 'M8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1M10.8 8a2.8 2.8 0 1 1-5.6 0a2.8 2.8 0 1 1 5.6 0z',
  },
  dark: { line: 'M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z' },
  auto: { line: ring, solid: 'M8 2.5a5.5 5.5 0 0 1 0 11z' },
  key: { line: 'M9 6.2a3.3 3.3 0 1 1-6.6 0a3.3 3.3 0 1 1 6.6 0zM8 8.6l5.6 5.2M11.4 11.8l1.4-1.5' },
  check: { line: 'M3 8.6l3.4 3.4L13 4.8' },
  info: { line: `${ring}M8 7.4v3.4`, solid: 'M7.3 4.9h1.4v1.4H7.3z' },
  warn: { line: 'M8 2.2 14.4 13.5H1.6zM8 6.5v3.2', solid: 'M7.2 11h1.6v1.5H7.2z' },
  error: { line: `${ring}M8 4.9v3.6`, solid: 'M7.3 9.7h1.4v1.4H7.3z' },
  step: { line: 'M2.5 8h9M8.4 4.6 11.8 8l-3.4 3.4' },
  action: { line: 'M5 2.5l7.5 6-3.4.5 1.9 3.8-1.6.8-1.9-3.8L5 12z' },
  state: { solid: 'M12 8a4 4 0 1 1-8 0a4 4 0 1 1 8 0z' },
  fact: { line: 'M3.5 2.5h6l3 3v8h-9zM5.8 8h4.4M5.8 10.6h4.4' },
  brand: { line: 'M8 2.2A5.8 5.8 0 1 0 13.8 8', solid: 'M10.6 8a2.6 2.6 0 1 1-5.2 0a2.6 2.6 0 1 1 5.2 0z' },
  keyboard: { line: 'M1.5 4.5h13v7.5h-13zM4 7h.8M6.6 7h.8M9.2 7h.8M11.6 7h.8M4.6 9.6h6.8' },
}
