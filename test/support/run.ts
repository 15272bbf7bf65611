import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Before and after a whole run: one temporary directory for all of it, and the sum of what the fuzz tests tried. */
export default function run(): () => void {
  const directory = mkdtempSync(path.join(tmpdir(), 'bss-run-'))
  process.env.TEST_RUN_DIRECTORY = directory
  const report = process.env.FUZZ_REPORT
  if (report) rmSync(linesOf(report), { force: true })
  return () => {
    rmSync(directory, { recursive: true, force: true })
    if (report) writeFileSync(report, `${JSON.stringify(sumOf(linesOf(report)))}\n`)
  }
}

/** Where each fuzz test file leaves a line. */
function linesOf(report: string): string {
  return `${report}.lines`
}

function sumOf(file: string): { inputs: number; failures: number } {
  const sum = { inputs: 0, failures: 0 }
  if (!existsSync(file)) return sum
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const { inputs, failures } = JSON.parse(line) as typeof sum
    sum.inputs += inputs
    sum.failures += failures
  }
  rmSync(file)
  return sum
}
