/**
 * Of every text in sight on its ground, by the formula of WCAG 2; both as the browser computed them. Drawings have
 * their own grounds and are left out, and so is what cannot be used now.
 */
export const contrasts = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number)
  const light = (parts) => parts.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, index) => sum + v * [0.2126, 0.7152, 0.0722][index], 0)
  const over = (above, below) => {
    const alpha = above[3] ?? 1
    return [0, 1, 2].map((at) => alpha * above[at] + (1 - alpha) * below[at])
  }
  const groundOf = (element) => {
    const own = rgb(getComputedStyle(element).backgroundColor)
    if ((own[3] ?? 1) === 1) return own
    return over(own, element.parentElement ? groundOf(element.parentElement) : [255, 255, 255])
  }
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
  return [...document.querySelectorAll('body *')]
    .filter((element) => hasText(element) && element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
      && !element.closest('svg, .sr, .qr') && !element.matches(':disabled, :disabled *'))
    .slice(0, 400)
    .map((element) => {
      const ground = groundOf(element)
      const [a, b] = [light(over(rgb(getComputedStyle(element).color), ground)), light(ground)]
      return { text: element.textContent.slice(0, 40), ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) }
    })
})()`
