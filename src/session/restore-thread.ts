/*
 * The program of a thread that restores sessions: see restore-threads.ts. It has no connection to the store and no
 * credentials: it asks its parent.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { errorByMessage } from '../error-by-message.js'
import type { ObjectInfo, ObjectSource } from '../ports/object-store.js'
import { shareNoTurns } from '../turns.js'
import { systemDisk } from './disk.js'
import { diskError } from './disk-error.js'
import { buildHead, type HeadRequest } from './head-build.js'
import {
  answered,
  builtByMessage,
  type FromThread,
  type StoreAnswer,
  type StoreCall,
  type ToThread,
} from './head-by-message.js'
import { SessionPaths } from './session-paths.js'

shareNoTurns()

const place = { disk: systemDisk, paths: new SessionPaths(workerData as string) }
const waiting = new Map<number, (answer: StoreAnswer) => void>()
let calls = 0

function storeOf(id: number): ObjectSource {
  const ask = async (asked: StoreCall) => {
    const call = calls++
    const answer = new Promise<StoreAnswer>((resolve) => waiting.set(call, resolve))
    send({ type: 'call', call, id, ...asked })
    return answered(await answer)
  }
  return {
    get: async (key) => (await ask({ method: 'get', argument: key })) as Uint8Array,
    list: async (prefix) => (await ask({ method: 'list', argument: prefix })) as ObjectInfo[],
  }
}

async function build(id: number, request: HeadRequest): Promise<void> {
  try {
    const [built, given] = builtByMessage(await buildHead(place, storeOf(id), request))
    send({ type: 'built', id, built }, given)
  } catch (error) {
    // The code of the file system would not travel, nor may its message.
    send({ type: 'failed', id, error: errorByMessage(diskError(error, 'restore a session')) })
  }
}

function send(message: FromThread, given: readonly ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, given)
}

parentPort!.on('message', (message: ToThread) => {
  if (message.type === 'build') {
    void build(message.id, message.request)
    return
  }
  const answer = waiting.get(message.call)!
  waiting.delete(message.call)
  answer(message.answer)
})
