#!/usr/bin/env node
// A stand-in for Prisma's native `schema-engine` binary: the same JSON-RPC over stdio, carried out
// by the WebAssembly schema engine from npm (@prisma/schema-engine-wasm).  Used through
// PRISMA_SCHEMA_ENGINE_BINARY, so the ordinary `prisma` CLI works with no download of the native engine.
//   postgres://…     -> @prisma/adapter-pg
//   pglite:<dir>     -> PGlite at <dir>   (pglite:memory for in-memory)
// Shadow database: an in-memory PGlite unless the datasource names a shadowDatabaseUrl.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import readline from 'node:readline'
import { Duplex } from 'node:stream'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import * as runtime from '@prisma/schema-engine-wasm/schema_engine_bg'

const require = createRequire(import.meta.url)
const argv = process.argv.slice(2)
const datamodels = []
let datasource = {}
for (let i = 0; i < argv.length; i++) {
  if (argv[i] === '--version') {
    console.log('schema-engine-wasm shim')
    process.exit(0)
  }
  if (argv[i] === '--datamodels') {
    const p = argv[++i]
    datamodels.push([p, fs.readFileSync(p, 'utf8')])
  } else if (argv[i] === '--datasource') datasource = JSON.parse(argv[++i])
  else if (argv[i] === '--extension-types') i++
}
// `prisma` also calls `schema-engine cli can-connect-to-database|create-database`
async function pgliteFactory(dir) {
  const { PGlite } = await import('@electric-sql/pglite')
  const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB']
  const db = await PGlite.create(dir === 'memory' ? { startParams } : { dataDir: dir, startParams })
  // The wire protocol without a wire: see src/registry/pglite-stream.ts
  class Stream extends Duplex {
    connect() {
      queueMicrotask(() => this.emit('connect'))
      return this
    }
    setNoDelay() {
      return this
    }
    setKeepAlive() {
      return this
    }
    ref() {
      return this
    }
    unref() {
      return this
    }
    _read() {}
    _write(chunk, _e, done) {
      this._send(chunk).then(() => done(), done)
    }
    _writev(chunks, done) {
      this._send(Buffer.concat(chunks.map((c) => c.chunk))).then(() => done(), done)
    }
    _final(done) {
      this.push(null)
      done()
    }
    async _send(bytes) {
      if (bytes.length === 5 && bytes[0] === 0x58) return // Terminate ends the client, not the database
      await db.runExclusive(() =>
        db.execProtocolRawStream(bytes, {
          onRawData: (out) => {
            this.push(Buffer.from(out))
          },
        }),
      )
    }
  }
  return {
    db,
    factory: await pgFactory({
      stream: () => new Stream(),
      ssl: false,
      host: 'localhost',
      user: 'postgres',
      database: 'postgres',
      idleTimeoutMillis: 0,
    }),
  }
}
// @prisma/adapter-pg 7.10 throws at the catalogue's "char" columns (OID 18), and cuts scripts at every
// semicolon, $$ bodies too.  Both matter to the schema engine only, so both are put right here.
async function pgFactory(config, connectionString = config.connectionString) {
  const { default: pg } = await import('pg')
  const { PrismaPg } = await import('@prisma/adapter-pg')
  const schema = (() => {
    try {
      return new URL(connectionString).searchParams.get('schema') ?? undefined
    } catch {
      return undefined
    }
  })()
  const pool = new pg.Pool({ ...config, max: 1 }) // one connection: the advisory lock belongs to it
  pool.on('error', () => {})
  const inner = new PrismaPg(pool, { disposeExternalPool: true, ...(schema ? { schema } : {}) })
  return {
    provider: 'postgres',
    adapterName: inner.adapterName,
    async connect() {
      const a = await inner.connect()
      const { performIO, queryRaw } = a
      a.queryRaw = async (query) => {
        const chars = []
        const view = Object.create(a, {
          performIO: {
            value: async (q) => {
              const r = await performIO.call(a, q)
              r.fields.forEach((f, i) => {
                if (f.dataTypeID === 18) {
                  chars.push(i)
                  f.dataTypeID = 1042 /* bpchar */
                }
              })
              return r
            },
          },
        })
        const out = await queryRaw.call(view, query)
        for (const i of chars) out.columnTypes[i] = ColumnTypeEnum.Character
        return out
      }
      a.executeScript = async (script) => {
        try {
          await pool.query(script)
        } catch (e) {
          a.onError(e)
        }
      }
      return a
    },
  }
}
async function makeFactory() {
  const url = datasource.url ?? ''
  let main,
    closers = []
  if (url.startsWith('pglite:')) {
    const { db, factory } = await pgliteFactory(url.slice(7))
    main = factory
    closers.push(() => db.close())
  } else if (url) {
    main = await pgFactory({ connectionString: url })
  }
  const shadowUrl = datasource.shadowDatabaseUrl
  return {
    closers,
    factory: {
      provider: 'postgres',
      adapterName: main?.adapterName ?? '@prisma/adapter-pg',
      connect: () => {
        if (!main) throw new Error('no datasource url')
        return main.connect()
      },
      connectToShadowDb: async () => {
        if (shadowUrl) return (await pgFactory({ connectionString: shadowUrl })).connect()
        const { factory, db } = await pgliteFactory('memory')
        const a = await factory.connect()
        const dispose = a.dispose?.bind(a)
        a.dispose = async () => {
          await dispose?.()
          await db.close().catch(() => {})
        }
        return a
      },
    },
  }
}
// The engine's Rust panics are told here, and must never look like an answer.
let panicMessage = ''
globalThis.PRISMA_WASM_PANIC_REGISTRY = {
  set_message(m) {
    panicMessage = String(m)
  },
}
let enginePromise
let closers = []
function getEngine() {
  enginePromise ??= startEngine()
  return enginePromise
}
async function startEngine() {
  const file = path.join(
    path.dirname(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')),
    'schema_engine_bg.wasm',
  )
  const inst = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(file)), {
    './schema_engine_bg.js': runtime,
  })
  runtime.__wbg_set_wasm(inst.exports)
  inst.exports.__wbindgen_start()
  const f = await makeFactory()
  closers = f.closers
  const bound = bindMigrationAwareSqlAdapterFactory(f.factory)
  return runtime.SchemaEngine.new(
    { datamodels: datamodels.length ? datamodels : undefined },
    (l) => process.stderr.write(`${l}\n`),
    bound,
  )
}
const rename = { getDatabaseVersion: 'version' }
let current // the id of the request at work
process.on('uncaughtException', (e) => {
  const message = panicMessage || String(e?.stack ?? e)
  process.stderr.write(`${JSON.stringify({ level: 'ERROR', fields: { message } })}\n`)
  const answer = {
    jsonrpc: '2.0',
    id: current,
    error: {
      code: 4466,
      message,
      data: { is_panic: false, message: `schema-engine-wasm: ${message}`, meta: null },
    },
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`, () => setTimeout(() => process.exit(1), 100))
})
const send = (o) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...o })}\n`)
let chain = Promise.resolve()
const rl = readline.createInterface({ input: process.stdin })
if (argv.includes('can-connect-to-database')) {
  process.exit(0)
}
rl.on('line', (line) => {
  chain = chain.then(async () => {
    if (!line.trim()) return
    const req = JSON.parse(line)
    if (!req.method) return // the ACK of a print
    current = req.id
    try {
      const engine = await getEngine()
      const m = rename[req.method] ?? req.method
      if (m === 'createDatabase')
        return send({ id: req.id, result: { databaseName: new URL(datasource.url).pathname.slice(1) } })
      const result = await engine[m](req.params ?? (m === 'version' ? undefined : {}))
      if (m === 'diff' && result?.stdout)
        send({ id: 100000 + req.id, method: 'print', params: { content: result.stdout.replace(/\n$/, '') } })
      send({ id: req.id, result: result ?? null })
    } catch (e) {
      const inner = e?.cause ?? e
      send({
        id: req.id,
        error: {
          code: 4466,
          message: 'An error happened. Check the data field for details.',
          data: {
            is_panic: false,
            message: String(e?.message ?? e),
            error_code: typeof e?.code === 'string' ? e.code : undefined,
            meta: null,
          },
        },
      })
      process.stderr.write(
        `${JSON.stringify({ level: 'ERROR', fields: { message: String(inner?.stack ?? inner) } })}\n`,
      )
    }
  })
})
rl.on('close', () =>
  chain.then(async () => {
    for (const c of closers) await c().catch(() => {})
    process.exit(0)
  }),
)
