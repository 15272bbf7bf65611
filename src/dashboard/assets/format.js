// @ts-check

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/**
 * A length of time in its largest unit, e.g. `12 s`, `4 min`, `3 h`, `9 d`. A clock that is behind gives 0.
 * @param {number} ms
 */
export function span(ms) {
  const whole = Math.max(0, ms)
  if (whole < minuteMs) return `${Math.floor(whole / secondMs)} s`
  if (whole < hourMs) return `${Math.floor(whole / minuteMs)} min`
  if (whole < 2 * dayMs) return `${Math.floor(whole / hourMs)} h`
  return `${Math.floor(whole / dayMs)} d`
}

/**
 * As `span`, with the next smaller unit, e.g. `4 min 07 s`.
 * @param {number} ms
 */
export function exactSpan(ms) {
  const whole = Math.max(0, ms)
  const two = (/** @type {number} */ value) => String(Math.floor(value)).padStart(2, '0')
  if (whole < minuteMs) return `${Math.floor(whole / secondMs)} s`
  if (whole < hourMs) return `${Math.floor(whole / minuteMs)} min ${two((whole % minuteMs) / secondMs)} s`
  if (whole < 2 * dayMs) return `${Math.floor(whole / hourMs)} h ${two((whole % hourMs) / minuteMs)} min`
  return `${Math.floor(whole / dayMs)} d ${Math.floor((whole % dayMs) / hourMs)} h`
}

/**
 * How long something took, e.g. `37 ms`, `6.2 s`, `4 min 07 s`.
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < secondMs) return `${Math.round(ms)} ms`
  return ms < minuteMs ? `${(ms / secondMs).toFixed(1)} s` : exactSpan(ms)
}

/**
 * @param {string | null} iso
 * @param {number} now
 */
export function ago(iso, now) {
  if (iso === null) return '–'
  const ms = now - Date.parse(iso)
  return ms < 3 * secondMs ? 'just now' : `${span(ms)} ago`
}

/** @param {number | null} count of bytes */
export function bytes(count) {
  if (count === null) return '–'
  if (count < 1_000) return `${count} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = count / 1_000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

const grouped = new Intl.NumberFormat('en')

/** @param {number} value e.g. 5000 → `5,000` */
export function figure(value) {
  return grouped.format(value)
}

/**
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export function counted(value, one, many = `${one}s`) {
  return `${figure(value)} ${value === 1 ? one : many}`
}

/**
 * A field of a fact in words, its unit read from its name: `uploadMs` 37 → `upload 37 ms`, `fellBack` → `fell back`.
 * @param {string} name
 * @param {string | number | true} value
 */
export function field(name, value) {
  const words = name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  if (value === true) return words
  if (typeof value === 'string') return `${words} ${value}`
  if (name.endsWith('Ms')) return `${words} ${duration(value)}`
  return /bytes$/i.test(name) ? bytes(value) : `${words} ${figure(value)}`
}

/** @param {string} iso → `14:03:27` of the reader's day */
export function timeOfDay(iso) {
  const date = new Date(iso)
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** @param {string | null} iso in full, for a title */
export function fullTime(iso) {
  return iso === null
    ? ''
    : new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
}
