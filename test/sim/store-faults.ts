import type { World } from './world.js'

/** One stored object loses a bit for good, or is gone. */
export function damageAnObject(world: World, { which, lost }: { which: number; lost: boolean }): void {
  const keys = [...world.objects.keys()].sort()
  if (keys.length === 0) return
  const key = keys[Math.floor(which * keys.length)]!
  const { body, createdAt } = world.objects.get(key)!
  world.strike('rot')
  world.spoilt.add(key)
  world.history(key.slice(0, key.indexOf('/'))).rotten = true
  if (lost) return void world.objects.delete(key)
  const damaged = Uint8Array.from(body)
  damaged[Math.floor(which * damaged.length)]! ^= 1
  world.objects.set(key, { body: damaged, createdAt })
}

/** Every object is this much older than it was. */
export function makeOlder(world: World, byMs: number): void {
  world.strike('aged')
  for (const [key, { body, createdAt }] of world.objects)
    world.objects.set(key, { body, createdAt: createdAt - byMs })
}
