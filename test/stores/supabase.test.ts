import { supabaseStore } from '../../src/stores/index.js'
import { describeObjectStore } from '../conformance/object-store.suite.js'
import { startSupabaseStandIn } from './stand-in/index.js'

describeObjectStore('supabase, on the stand-in server', async () => {
  const maxObjectBytes = 4_000_000
  const standIn = await startSupabaseStandIn({ maxObjectBytes })
  const { url, serviceKey: key, bucket } = standIn
  const open = () => supabaseStore({ url, key, bucket, timeoutMs: 10_000 })
  return { store: open(), reopen: open, atomicPut: false, maxObjectBytes, cleanUp: () => standIn.close() }
})
