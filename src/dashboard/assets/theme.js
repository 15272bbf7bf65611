// @ts-check

/** @typedef {'auto' | 'light' | 'dark'} Theme */

const key = 'theme'
/** @type {Theme[]} */
const themes = ['auto', 'light', 'dark']

/** @returns {Theme} what the reader chose; `auto` follows the system */
export function chosenTheme() {
  const stored = readStored()
  return themes.find((theme) => theme === stored) ?? 'auto'
}

/** @param {Theme} theme */
export function applyTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

/** Goes on to the next of auto, light, dark. */
export function nextTheme() {
  const theme = themes[(themes.indexOf(chosenTheme()) + 1) % themes.length] ?? 'auto'
  try {
    localStorage.setItem(key, theme)
  } catch {
    // A browser that keeps nothing still shows it until the page is left.
  }
  applyTheme(theme)
  return theme
}

function readStored() {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
