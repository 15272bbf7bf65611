import pc from 'picocolors'
import qrcode from 'qrcode-terminal'

/** Pure white on pure black, whatever the theme: many phones do not read an inverted code. */
const colours = { on: '\u001b[38;5;231;48;5;16m', off: '\u001b[0m' }

/** A QR code as lines of half blocks; null when `columns` are too few, because a wrapped code cannot be scanned. */
export function drawQr(text: string, columns: number, isColoured = pc.isColorSupported): string[] | null {
  let drawn = ''
  qrcode.generate(text, { small: true }, (output) => {
    drawn = output
  })
  const lines = drawn.split('\n').filter((line) => line !== '')
  if (lines.some((line) => line.length > columns)) return null
  return isColoured ? lines.map((line) => `${colours.on}${line}${colours.off}`) : lines
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** How a person links the device, as lines of text. */
export function codeLines(
  tenantId: string,
  kind: 'qr' | 'pairingCode',
  code: string,
  size: TerminalSize,
): string[] {
  const where = '  WhatsApp on the phone: Settings › Linked devices › Link a device'
  if (kind === 'pairingCode') {
    const spaced = code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code
    return [
      '',
      `  ${pc.bold(tenantId)} pairing code: ${pc.bold(spaced)}`,
      where,
      '  › Link with phone number instead',
      '',
    ]
  }
  const drawn = drawQr(code, size.columns)
  if (drawn === null) {
    return [
      `  ${pc.bold(tenantId)}: the terminal is too narrow for the QR code.`,
      '  Make it wider, or pair with --phone NUMBER.',
    ]
  }
  const lines = ['', ...drawn, `  ${pc.bold(tenantId)}: scan this QR code.`, where, '']
  if (lines.length < size.rows) return lines
  return [...lines, `  Is its top out of sight? Make the terminal ${lines.length + 2} lines high.`, '']
}
