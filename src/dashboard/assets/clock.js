// @ts-check

/*
 * The server's clock, as far as the page knows it: ages are counted from its times, and the reader's own clock may be
 * wrong. One timer ticks for everything that is relative.
 */

let offsetMs = 0
/** @type {Set<() => void>} */
const listeners = new Set()

/** @param {string} at the server's time in an answer that has just come */
export function learnTime(at) {
  offsetMs = Date.parse(at) - Date.now()
}

/** Milliseconds since the Unix epoch, by the server. */
export function now() {
  return Date.now() + offsetMs
}

/**
 * Calls once a second, while somebody can see the page.
 * @param {() => void} listener
 * @returns {() => void} ends it
 */
export function onTick(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function tick() {
  if (document.hidden) return
  for (const listener of listeners) listener()
}

setInterval(tick, 1_000)
document.addEventListener('visibilitychange', tick)
