import { type AnyActorRef, createActor, fromCallback, fromPromise, type InspectionEvent } from 'xstate'
import {
  type BackupInput,
  type BackupOutput,
  type LinkEvent,
  linkMachine,
  type ReleaseInput,
  type RestoreInput,
  type RestoreOutput,
  type SocketCommand,
  type TenantInput,
  type TenantRef,
  tenantMachine,
} from '../../machines/index.js'
import { settled } from '../support/virtual-clock.js'
import { type Effects, type Pair, pathOf } from './composed.js'
import { actorsOf, byId, expectSame, type Facts, factsOf } from './facts.js'
import { takenBy } from './inspection.js'
import { maxRetries } from './machine-model.js'
import { machineSteps } from './machine-steps.js'
import { StepClock } from './step-clock.js'
import { idOf } from './transitions.js'

interface Settling {
  resolve(output: unknown): void
  reject(error: unknown): void
}

interface FakeSocket {
  readonly sendBack: (event: LinkEvent) => void
  isOver: boolean
}

/** The real machines as running actors; the actors that they invoke answer when a step says so. */
export class MachineRig {
  readonly actor: AnyActorRef
  readonly #clock = new StepClock()
  readonly #running = new Map<string, Settling>()
  readonly #sockets: FakeSocket[] = []
  readonly #taken: string[]
  #invoked: { id: string; input: unknown }[] = []
  #commands: string[] = []
  #told: object[] = []
  #random = () => 0.5
  error: unknown = null

  constructor(input: TenantInput, taken: string[] = []) {
    this.#taken = taken
    const machine = tenantMachine.provide({ actors: { link: this.#link(), ...this.#actors() } })
    this.actor = createActor(machine, { input, clock: this.#clock }) as unknown as AnyActorRef
    this.#clock.actor = this.actor
    this.actor.system.inspect((event: InspectionEvent) => this.#inspect(event))
    this.actor.subscribe({
      error: (error: unknown) => {
        this.error = error
      },
    })
    this.actor.start()
  }

  /** Makes the step happen. @throws when it cannot */
  async take(name: string, before: Pair): Promise<void> {
    this.#invoked = []
    this.#commands = []
    this.#told = []
    this.#clock.scheduled.length = 0
    const step = machineSteps.get(name)!
    const event = step.event(before)
    if (step.to === 'breakLink') this.#breakLink()
    else this.#deliver(event)
    await settled()
  }

  /** @throws when what is there is not what the model says */
  check(pair: Pair, effects: Effects): void {
    if (this.error !== null) throw new Error('The machine failed.', { cause: this.error })
    expectSame(this.#facts(), factsOf(pair, effects))
  }

  stop(): void {
    this.actor.stop()
  }

  #facts(): Facts {
    const snapshot = this.actor.getSnapshot()
    const link = snapshot.status === 'active' ? snapshot.children.link?.getSnapshot() : undefined
    const linkLives = link?.status === 'active'
    return {
      tenant: pathOf(snapshot.value),
      context: snapshot.context,
      link: linkLives ? pathOf(link.value) : null,
      linkContext: linkLives ? link.context : null,
      actors: snapshot.status === 'active' ? actorsOf(snapshot.children) : [],
      invoked: [...this.#invoked].sort(byId),
      commands: this.#commands,
      told: this.#told,
      timers: this.#clock.pendingEvents,
      otherTimers: this.#clock.otherDelays,
      scheduled: [...this.#clock.scheduled].sort(byId),
      openSockets: this.#sockets.filter(({ isOver }) => !isOver).length,
      output: snapshot.status === 'done' ? snapshot.output : null,
    }
  }

  #deliver(event: { type: string; output?: unknown; error?: unknown }): void {
    const { type } = event
    const [, how, id] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? []
    if (id === 'socket') this.#linkRef().send(event)
    else if (id !== undefined) this.#settle(id, how === 'done', event)
    else if (type.startsWith('xstate.after.')) this.#fire(type)
    else if (type === 'audit.due') this.#fire('audit')
    else if (type.startsWith('link.')) this.#linkRef().send(event)
    else if (type.startsWith('socket.')) this.#liveSocket().sendBack(event as LinkEvent)
    else this.actor.send(event)
  }

  #settle(id: string, isDone: boolean, { output, error }: { output?: unknown; error?: unknown }): void {
    const settling = this.#running.get(id)
    if (settling === undefined) throw new Error(`Nobody waits for "${id}".`)
    this.#running.delete(id)
    if (isDone) settling.resolve(output)
    else settling.reject(error)
  }

  #fire(eventId: string): void {
    if (!this.#clock.fire(eventId)) throw new Error(`No timer is set for "${eventId}".`)
  }

  #liveSocket(): FakeSocket {
    const live = this.#sockets.find(({ isOver }) => !isOver)
    if (live === undefined) throw new Error('There is no open socket.')
    return live
  }

  #linkRef(): AnyActorRef {
    const link = this.actor.getSnapshot().children.link
    if (link === undefined) throw new Error('There is no link.')
    return link
  }

  /** The reconnect's backoff asks for a random number; a machine that throws there is gone. */
  #breakLink(): void {
    this.#random = () => {
      throw new Error('no random number')
    }
    this.#liveSocket().sendBack({ type: 'socket.closed', code: 428, codesEnded: false })
    this.#random = () => 0.5
  }

  #inspect(event: InspectionEvent): void {
    if (event.type === '@xstate.event' && event.actorRef === this.actor) {
      const fromLink = (event.sourceRef as AnyActorRef | undefined)?.id === 'link'
      // A machine that throws does not tell; XState does, with the error.
      if (fromLink && !event.event.type.startsWith('xstate.error.')) this.#told.push(event.event)
    }
    for (const transition of takenBy(event)?.transitions ?? []) this.#taken.push(idOf(transition))
  }

  #link() {
    // Through `provide`, so that a mutant's is asked.
    const original = linkMachine.provide({}).implementations.delays.reconnectBackoff
    return linkMachine.provide({
      actors: { socket: this.#socket() },
      guards: { retriesLeft: ({ context }) => context.attempt < maxRetries },
      delays: {
        reconnectBackoff: (args) => {
          this.#random()
          return typeof original === 'function'
            ? original(args as never, undefined as never)
            : (original as number)
        },
      },
    })
  }

  #socket() {
    return fromCallback<SocketCommand, TenantRef & { attempt: number }>(({ input, sendBack, receive }) => {
      const socket: FakeSocket = { sendBack: sendBack as FakeSocket['sendBack'], isOver: false }
      this.#sockets.push(socket)
      this.#invoked.push({ id: 'socket', input })
      receive(({ type }) => void this.#commands.push(type))
      return () => {
        socket.isOver = true
      }
    })
  }

  #promise<Output, Input>(name: string) {
    return fromPromise<Output, Input>(({ input, self, signal }) => {
      const { id } = self
      this.#invoked.push({ id, input })
      return new Promise<Output>((resolve, reject) => {
        const settling = { resolve: resolve as Settling['resolve'], reject }
        this.#running.set(id, settling)
        signal.addEventListener('abort', () => {
          if (this.#running.get(id) === settling) this.#running.delete(id)
        })
        if (id !== name && name !== 'backup') reject(new Error(`"${name}" runs as "${id}".`))
      })
    })
  }

  #actors() {
    return {
      acquireLease: this.#promise<{ epoch: number }, TenantRef>('acquireLease'),
      restore: this.#promise<RestoreOutput, RestoreInput>('restore'),
      backup: this.#promise<BackupOutput, BackupInput>('backup'),
      sealFiles: this.#promise<void, TenantRef>('sealFiles'),
      setAside: this.#promise<void, TenantRef>('setAside'),
      wipe: this.#promise<void, TenantRef>('wipe'),
      release: this.#promise<void, ReleaseInput>('release'),
      abandon: this.#promise<void, TenantRef>('abandon'),
    }
  }
}
