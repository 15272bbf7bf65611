import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { directoryStore } from '../../src/stores/index.js'
import { describeObjectStore } from '../conformance/object-store.suite.js'

describeObjectStore('directory', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'store-'))
  const open = () => directoryStore({ path: path.join(root, 'objects') })
  return {
    store: open(),
    reopen: open,
    atomicPut: true,
    cleanUp: () => rm(root, { recursive: true, force: true }),
  }
})
