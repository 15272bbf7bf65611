import { accessSync, constants, mkdirSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { partNames } from './plan.mjs'

export const usage = `Usage: npm run bench -- [part …] [options]

Parts: ${partNames.join(', ')}; without one, all (about ten minutes).

  --json            one line of JSON at the end; the tables go to stderr
  --dir <folder>    where sessions are made while it runs; default: memory (/dev/shm) where there is a disk of it
  --plot <file>     an SVG of throughput and RPO against tenants (part tenants)
  --write           put the tables into BENCHMARKS.md and docs/scaling.md, and the plot beside them (all parts)
  --profile <folder>  a CPU profile of each measurement; what is measured then is not to be judged
  --quick           small sizes: shows that it runs, judges nothing
  --help

It ends with 1 when a target is missed, with 2 when it is asked for what it does not have.`

const options = {
  json: { type: 'boolean', default: false },
  dir: { type: 'string' },
  plot: { type: 'string' },
  write: { type: 'boolean', default: false },
  profile: { type: 'string' },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
}

/** What a run needs of the disk at most. */
const needs = { whole: { megabytes: 1_500, files: 400_000 }, quick: { megabytes: 40, files: 5_000 } }

/** What the command line asks for. @throws Error that says what is wrong with it, and what there is */
export function optionsOf(args) {
  const { values, positionals } = parsed(args)
  const unknown = positionals.filter((name) => !partNames.includes(name))
  if (unknown.length > 0) {
    throw new Error(`No part is called ${unknown.join(', ')}. Parts: ${partNames.join(', ')}.`)
  }
  const parts = partNames.filter((name) => positionals.length === 0 || positionals.includes(name))
  checkWrite(values, parts)
  if (values.plot !== undefined) checkPlot(values.plot, parts)
  if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true })
  return { ...values, parts, dir: folderFor(values) }
}

function parsed(args) {
  try {
    return parseArgs({ args, allowPositionals: true, options })
  } catch (error) {
    throw new Error(`${error.message.split('. ')[0]}. See --help.`)
  }
}

function checkWrite({ write, quick, profile }, parts) {
  if (!write) return
  if (parts.length < partNames.length || quick || profile !== undefined) {
    throw new Error('--write needs a whole run: no parts, no --quick, no --profile.')
  }
}

function checkPlot(file, parts) {
  if (!parts.includes('tenants')) throw new Error('--plot needs the part tenants.')
  if (!isWritableFolder(dirname(resolve(file)))) {
    throw new Error(`--plot ${file}: its folder is not there, or not yours to write in. Make it first.`)
  }
}

/** In a container the disk in memory is often too small for it. */
function folderFor({ dir, quick }) {
  const need = quick ? needs.quick : needs.whole
  if (dir === undefined) {
    return isWritableFolder('/dev/shm') && lackOf('/dev/shm', need) === null ? '/dev/shm' : tmpdir()
  }
  if (!isWritableFolder(dir)) {
    throw new Error(
      `--dir ${dir}: it is not there, or not yours to write in. Make it first, or give another.`,
    )
  }
  const lack = lackOf(dir, need)
  if (lack !== null) throw new Error(`--dir ${dir}: ${lack}. Make room, or give another.`)
  return resolve(dir)
}

/** What the disk has too little of, in words; null when there is room. */
function lackOf(path, { megabytes, files }) {
  const disk = statfsSync(path)
  const free = Math.floor((disk.bavail * disk.bsize) / 2 ** 20)
  if (free < megabytes) return `its disk has ${free} MB free, and the bench needs ${megabytes}`
  // Some file systems do not count files.
  if (disk.files > 0 && disk.ffree < files) {
    return `its disk has room for ${disk.ffree} files, and the bench needs ${files}`
  }
  return null
}

function isWritableFolder(path) {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
