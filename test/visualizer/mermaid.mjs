// Mermaid's own reader, in a process of its own, since it wants a browser's globals:
//   node mermaid.mjs FOLDER < diagram   (FOLDER has node_modules with mermaid and jsdom)
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(path.join(process.argv[2], 'nobody.js'))
const { JSDOM } = require('jsdom')
const { window } = new JSDOM('<body></body>')
Object.assign(globalThis, { window, document: window.document })
const mermaid = (await import(pathToFileURL(require.resolve('mermaid')).href)).default
const text = readFileSync(0, 'utf8')
await mermaid.parse(text)
const { db } = await mermaid.mermaidAPI.getDiagramFromText(text)
const { nodes, edges } = db.getData()
const drawn = edges.filter(({ label }) => label).map(({ start, end, label }) => ({ start, end, label }))
console.log(JSON.stringify({ states: nodes.map(({ id }) => id), edges: drawn }))
