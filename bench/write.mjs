// Puts a report's tables into the documents: `npm run bench -- --write`, or `node bench/write.mjs report.json …` from what
// `--json` gave: one whole run, or several that measured different parts on the same machine.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { blocksOf } from './blocks.mjs'
import { figureList } from './figure-list.mjs'
import { partNames } from './plan.mjs'
import { plotOf } from './plot.mjs'

const inRoot = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))

/** @returns the files that it wrote */
export function writeDocuments(report) {
  const texts = Object.entries(blocksOf(report)).map(([file, blocks]) => {
    return [file, filled(readFileSync(inRoot(file), 'utf8'), blocks, file)]
  })
  texts.push(['bench/throughput.svg', plotOf(report.plot)])
  for (const [file, text] of texts) writeFileSync(inRoot(file), text)
  return texts.map(([file]) => file)
}

/**
 * A document with its places filled: what stands between `<!-- bench:name -->` and `<!-- /bench:name -->`.
 * @throws Error when a place of `blocks` is not in the document, or more than once
 */
export function filled(document, blocks, file) {
  let text = document
  for (const [name, block] of Object.entries(blocks)) {
    const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
    const [before, between, ...more] = text.split(start)
    const after = between?.split(end)
    if (after?.length !== 2 || more.length > 0) {
      throw new Error(`${file} needs the place ${name} once: ${start} and ${end} after it.`)
    }
    text = `${before}${start}\n\n${block}\n\n${end}${after[1]}`
  }
  return text
}

/** Reports of different parts as one. @throws Error when a part is missing, or was measured twice, or small */
export function joined(reports) {
  const parts = reports.flatMap((report) => report.parts)
  const absent = partNames.filter((name) => parts.filter((part) => part === name).length !== 1)
  if (absent.length > 0) throw new Error(`Each part is needed once; look at ${absent.join(', ')}.`)
  if (reports.some(({ quick }) => quick)) throw new Error('A report of a --quick run says nothing.')
  const all = (list) => reports.flatMap((report) => report[list])
  const order = Object.values(figureList).map(({ name }) => name)
  return {
    ...reports[0],
    parts: partNames,
    figures: all('figures').sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
    cells: all('cells'),
    sideBySide: all('sideBySide'),
    plot: all('plot'),
    seconds: reports.reduce((sum, { seconds }) => sum + seconds, 0),
  }
}

if (process.argv[2] && process.argv[1] === fileURLToPath(import.meta.url)) {
  const reports = process.argv.slice(2).map((file) => reportIn(readFileSync(file, 'utf8')))
  for (const file of writeDocuments(joined(reports))) process.stdout.write(`Written: ${file}\n`)
}

/** The last line: npm says what it runs before. */
function reportIn(text) {
  return JSON.parse(text.trimEnd().split('\n').at(-1))
}
