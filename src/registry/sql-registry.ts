import type { SessionError } from '../errors.js'
import type { PrismaClient, WhatsAppSession } from '../generated/prisma/client.js'
import type {
  ClaimRequest,
  DesiredState,
  HeadSwap,
  HostCheckIn,
  LeasedTenant,
  LeaseRequest,
  Pool,
  Registry,
  Release,
  StatusUpdate,
  SwapOutcome,
  TenantRecord,
} from '../ports/registry.js'
import { checkTenantId } from '../ports/tenant-id.js'
import { databaseError, sqlStateOf } from './database-error.js'
import {
  byOwner,
  byTenantId,
  checkClaim,
  checkHost,
  checkLeaseRequest,
  checkSwaps,
  fencedError,
  hiddenRowsError,
  leasedError,
  mergeUpdates,
  notOpenError,
  ownFirst,
} from './rules.js'
import { Statements } from './statements.js'
import { toRecord } from './tenant-row.js'

/** A database that is connected and migrated. */
export interface Database {
  readonly client: PrismaClient
  readonly schema: string
  close(): Promise<void>
}

interface PoolRow {
  readonly owner: string
  readonly capacity: number | null
  readonly joinedAt: number
  readonly leases: number
  readonly wanted: number
  readonly free: number
  readonly expired: number
  readonly unwanted: Pool['unwanted'] | null
}

/** Statements that lost a race for a phone number are sent again, with the winner in view. */
const maxPhoneRaces = 10

/** The registry in SQL, on any PostgreSQL that Prisma's driver adapter reaches. */
export class SqlRegistry implements Registry {
  readonly name: string
  readonly durable = true
  readonly #connect: () => Promise<Database>
  #opening: Promise<void> | undefined
  #database: (Database & { statements: Statements }) | undefined

  constructor(name: string, connect: () => Promise<Database>) {
    this.name = name
    this.#connect = connect
  }

  async open(): Promise<void> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined
      throw error
    })
    await this.#opening
  }

  async #open(): Promise<void> {
    const database = await this.#connect()
    const statements = new Statements(database.schema)
    try {
      await refuseHiddenRows(database, statements)
    } catch (error) {
      await database.close()
      throw databaseError(error, 'to open')
    }
    this.#database = { ...database, statements }
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {})
    const database = this.#database
    this.#database = undefined
    this.#opening = undefined
    await database?.close()
  }

  async read(tenantId: string): Promise<TenantRecord | null> {
    checkTenantId(tenantId)
    const row = await this.#run('to read a tenant', ({ client }) =>
      client.whatsAppSession.findUnique({ where: { tenantId } }),
    )
    return row && toRecord(row)
  }

  async list(filter: { desiredState?: DesiredState } = {}): Promise<TenantRecord[]> {
    const where = filter.desiredState ? { desiredState: filter.desiredState } : {}
    const rows = await this.#run('to list tenants', ({ client }) =>
      client.whatsAppSession.findMany({ where }),
    )
    return rows.map(toRecord).sort(byTenantId)
  }

  async setDesired(
    tenantId: string,
    desiredState: DesiredState,
    keptFor?: { owner: string; ttlMs: number },
  ): Promise<void> {
    checkTenantId(tenantId)
    await this.#run('to set what is desired', ({ client, statements }) =>
      client.$executeRaw(statements.setDesired(tenantId, desiredState, keptFor)),
    )
  }

  async acquire(request: LeaseRequest): Promise<LeasedTenant> {
    checkLeaseRequest(request)
    const [row] = await this.#run('to take a lease', ({ client, statements }) =>
      client.$queryRaw<WhatsAppSession[]>(statements.acquire(request)),
    )
    if (!row) throw await this.#leased(request.tenantId)
    const record = toRecord(row)
    return { lease: record.lease!, record }
  }

  async #leased(tenantId: string): Promise<SessionError> {
    const [holder] = await this.#run('to look who holds a lease', ({ client, statements }) =>
      client.$queryRaw<{ owner: string; remainingMs: number }[]>(statements.holder(tenantId)),
    )
    return leasedError(tenantId, holder?.owner ?? 'another owner', holder?.remainingMs ?? 0)
  }

  async renew(owner: string, leases: readonly { tenantId: string; epoch: number }[], ttlMs: number) {
    if (leases.length === 0) return []
    const rows = await this.#run('to renew leases', ({ client, statements }) =>
      client.$queryRaw<{ tenantId: string }[]>(statements.renew(owner, leases, ttlMs)),
    )
    const held = new Set(rows.map(({ tenantId }) => tenantId))
    return [...new Set(leases.map(({ tenantId }) => tenantId))].filter((tenantId) => held.has(tenantId))
  }

  async release(owner: string, leases: readonly Release[]): Promise<void> {
    if (leases.length === 0) return
    await this.#run('to release leases', ({ client, statements }) =>
      client.$executeRaw(statements.release(owner, leases)),
    )
  }

  async checkIn(host: HostCheckIn): Promise<Pool> {
    checkHost(host)
    const rows = await this.#run('to check in', ({ client, statements }) =>
      client.$queryRaw<PoolRow[]>(statements.checkIn(host)),
    )
    const { joinedAt, wanted, free, expired, unwanted } = rows.find(({ owner }) => owner === host.owner)!
    const hosts = rows.map(({ owner, capacity, leases }) => ({
      owner,
      capacity: capacity ?? Number.POSITIVE_INFINITY,
      leases,
    }))
    return { hosts: hosts.sort(byOwner), joinedAt, wanted, free, expired, unwanted: unwanted ?? [] }
  }

  async checkOut(owner: string): Promise<void> {
    await this.#run('to check out', ({ client, statements }) =>
      client.$executeRaw(statements.checkOut(owner)),
    )
  }

  async claim(request: ClaimRequest): Promise<LeasedTenant[]> {
    checkClaim(request)
    const rows = await this.#run('to claim tenants', ({ client, statements }) =>
      client.$queryRaw<WhatsAppSession[]>(statements.claim(request)),
    )
    return ownFirst(rows.map(toRecord), request).map((record) => ({ lease: record.lease!, record }))
  }

  async commit(swaps: readonly HeadSwap[]): Promise<SwapOutcome[]> {
    checkSwaps(swaps)
    if (swaps.length === 0) return []
    const rows = await this.#run('to commit', ({ client, statements }) =>
      client.$queryRaw<{ outcome: SwapOutcome }[]>(statements.commit(swaps)),
    )
    return rows.map(({ outcome }) => outcome)
  }

  async updateStatus(updates: readonly StatusUpdate[]): Promise<void> {
    const merged = mergeUpdates(updates)
    if (merged.length === 0) return
    await this.#run('to write statuses', async ({ client, statements }) => {
      for (let races = 0; ; races++) {
        try {
          return await client.$executeRaw(statements.updateStatus(merged))
        } catch (error) {
          if (sqlStateOf(error) !== '23505' || races === maxPhoneRaces) throw error
        }
      }
    })
  }

  async clearHead(tenantId: string, owner: string, epoch: number): Promise<void> {
    const changed = await this.#run('to forget a head', ({ client, statements }) =>
      client.$executeRaw(statements.clearHead(tenantId, owner, epoch)),
    )
    if (changed === 0) throw fencedError(tenantId)
  }

  async #run<T>(
    doing: string,
    work: (database: Database & { statements: Statements }) => Promise<T>,
  ): Promise<T> {
    if (!this.#database) throw notOpenError()
    try {
      return await work(this.#database)
    } catch (error) {
      throw databaseError(error, doing)
    }
  }
}

async function refuseHiddenRows({ client, schema }: Database, statements: Statements): Promise<void> {
  const [row] = await client.$queryRaw<{ hidden: boolean }[]>(statements.rowsAreHidden(schema))
  if (row?.hidden) throw hiddenRowsError()
}
