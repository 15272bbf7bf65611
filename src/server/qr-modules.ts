import { encode } from 'uqr'

/** A QR code as a square of modules, row by row, 1 for dark, without the quiet zone of four modules around it. */
export function qrModules(text: string): { size: number; modules: string } {
  const { size, data } = encode(text, { ecc: 'L', border: 0 })
  return { size, modules: data.map((row) => row.map((isDark) => (isDark ? '1' : '0')).join('')).join('') }
}
