import { Prisma } from '../generated/prisma/client.js'
import type {
  ClaimRequest,
  HeadSwap,
  HostCheckIn,
  LeaseRequest,
  Release,
  StatusUpdate,
} from '../ports/registry.js'

type Leases = readonly { tenantId: string; epoch: number }[]

/*
 * Every batch is one statement. Its rows travel as one JSON parameter, which, unlike an array a column, tells null
 * from absent. Rows are locked in the order of their tenant ids before they are judged: batches that overlap cannot
 * deadlock, and what is judged is the newest version of the row, not the statement's older view of it.
 *
 * A lease that was given up has the expiry `epoch` (1970); an expired one is held until somebody else takes it.
 */
const givenUp = Prisma.sql`'epoch'::timestamptz`

const after = (ms: number) => Prisma.sql`now() + ${ms}::float8 * interval '1 millisecond'`

/** The SQL of the registry for tables in `schema`. */
export class Statements {
  readonly #sessions: Prisma.Sql
  readonly #tenants: Prisma.Sql
  readonly #hosts: Prisma.Sql

  /** `schema` must be a plain name: it becomes part of the SQL. */
  constructor(schema: string) {
    this.#sessions = Prisma.raw(`"${schema}"."WhatsAppSession"`)
    this.#tenants = Prisma.raw(`"${schema}"."Tenant"`)
    this.#hosts = Prisma.raw(`"${schema}"."SessionHost"`)
  }

  /** Whether row level security would hide rows from this role, which would make absence a lie. */
  rowsAreHidden(schema: string): Prisma.Sql {
    return Prisma.sql`SELECT row_security_active(${`"${schema}"."WhatsAppSession"`}::text) AS hidden`
  }

  setDesired(tenantId: string, desiredState: string, keptFor?: { owner: string; ttlMs: number }): Prisma.Sql {
    const isFree = Prisma.sql`excluded."leaseOwner" IS NOT NULL
      AND (s."leaseOwner" IS NULL OR s."leaseExpiresAt" = ${givenUp})`
    const keep = (column: string) => {
      const name = Prisma.raw(`"${column}"`)
      return Prisma.sql`${name} = CASE WHEN ${isFree} THEN excluded.${name} ELSE s.${name} END`
    }
    return Prisma.sql`
      WITH tenant AS (INSERT INTO ${this.#tenants} ("id") VALUES (${tenantId}) ON CONFLICT DO NOTHING)
      INSERT INTO ${this.#sessions} AS s ("tenantId", "desiredState", "leaseOwner", "leaseExpiresAt")
      VALUES (${tenantId}, ${desiredState}, ${keptFor?.owner ?? null}, ${keptFor ? after(keptFor.ttlMs) : null})
      ON CONFLICT ("tenantId") DO UPDATE SET
        "desiredState" = excluded."desiredState",
        "endedAt" = CASE WHEN excluded."desiredState" = 'running' THEN NULL ELSE s."endedAt" END,
        ${keep('leaseOwner')}, ${keep('leaseExpiresAt')},
        "updatedAt" = now()`
  }

  /** Returns the row, or nothing when another owner holds it. */
  acquire({ tenantId, owner, ttlMs, minEpoch = 0 }: LeaseRequest): Prisma.Sql {
    const expiry = after(ttlMs)
    return Prisma.sql`
      WITH tenant AS (INSERT INTO ${this.#tenants} ("id") VALUES (${tenantId}) ON CONFLICT DO NOTHING)
      INSERT INTO ${this.#sessions} AS s ("tenantId", "leaseOwner", "leaseEpoch", "leaseExpiresAt")
      VALUES (${tenantId}, ${owner}, ${minEpoch}::int + 1, ${expiry})
      ON CONFLICT ("tenantId") DO UPDATE SET
        "leaseOwner" = excluded."leaseOwner",
        "leaseEpoch" = greatest(s."leaseEpoch", ${minEpoch}::int) + 1,
        "leaseExpiresAt" = excluded."leaseExpiresAt",
        "endedAt" = NULL,
        "updatedAt" = now()
      WHERE s."leaseOwner" IS NULL OR s."leaseOwner" = excluded."leaseOwner" OR s."leaseExpiresAt" <= now()
      RETURNING s.*`
  }

  /** Who holds a tenant, and for how many milliseconds more. */
  holder(tenantId: string): Prisma.Sql {
    return Prisma.sql`
      SELECT "leaseOwner" AS owner, (extract(epoch FROM "leaseExpiresAt" - now()) * 1000)::float8 AS "remainingMs"
      FROM ${this.#sessions} WHERE "tenantId" = ${tenantId}`
  }

  renew(owner: string, leases: Leases, ttlMs: number): Prisma.Sql {
    return Prisma.sql`
      WITH held AS (${this.#held(owner, leases)})
      UPDATE ${this.#sessions} AS s
      SET "leaseExpiresAt" = ${after(ttlMs)}
      FROM held WHERE s."tenantId" = held."tenantId"
      RETURNING s."tenantId"`
  }

  release(owner: string, leases: readonly Release[]): Prisma.Sql {
    return Prisma.sql`
      WITH held AS (${this.#held(owner, leases)})
      UPDATE ${this.#sessions} AS s SET
        "leaseExpiresAt" = ${givenUp}, "endedAt" = CASE WHEN held."ended" THEN now() ELSE s."endedAt" END
      FROM held WHERE s."tenantId" = held."tenantId"`
  }

  /** One row a live host, each with the counts of the pool. Rows of hosts that are long gone are removed. */
  checkIn({ owner, capacity, ttlMs, joinedAt }: HostCheckIn): Prisma.Sql {
    const limit = capacity === Number.POSITIVE_INFINITY ? null : capacity
    return Prisma.sql`
      WITH me AS (
        INSERT INTO ${this.#hosts} ("owner", "capacity", "joinedAt", "expiresAt")
        VALUES (${owner}, ${limit}::int, coalesce(to_timestamp(${joinedAt}::float8 / 1000), now()), ${after(ttlMs)})
        ON CONFLICT ("owner") DO UPDATE SET
          "capacity" = excluded."capacity", "joinedAt" = excluded."joinedAt", "expiresAt" = excluded."expiresAt"
        RETURNING "owner", "capacity", "joinedAt"
      ), gone AS (
        DELETE FROM ${this.#hosts} WHERE "owner" IN (
          SELECT "owner" FROM ${this.#hosts}
          WHERE "expiresAt" < now() - interval '1 hour' AND "owner" <> ${owner} FOR UPDATE SKIP LOCKED)
      ), live AS (
        SELECT * FROM me UNION ALL
        SELECT "owner", "capacity", "joinedAt" FROM ${this.#hosts} WHERE "expiresAt" > now() AND "owner" <> ${owner}
      ), wanted AS (
        SELECT s."leaseOwner" AS holder, count(*) AS rows,
          count(*) FILTER (WHERE s."leaseExpiresAt" <> ${givenUp}) AS leases,
          count(*) FILTER (WHERE s."leaseExpiresAt" <> ${givenUp} AND s."leaseExpiresAt" <= now()) AS expired
        FROM ${this.#sessions} AS s
        WHERE s."desiredState" = 'running'
          AND (s."endedAt" IS NULL OR s."endedAt" < (SELECT max("joinedAt") FROM live))
        GROUP BY 1
      )
      SELECT live."owner", live."capacity",
        round(extract(epoch FROM live."joinedAt") * 1000)::float8 AS "joinedAt",
        coalesce((SELECT w.leases FROM wanted AS w WHERE w.holder = live."owner"), 0)::int AS leases,
        coalesce((SELECT sum(w.rows) FROM wanted AS w), 0)::int AS wanted,
        coalesce((SELECT sum(w.rows - w.leases) FROM wanted AS w), 0)::int AS free,
        coalesce((SELECT sum(w.expired) FROM wanted AS w), 0)::int AS expired,
        (SELECT jsonb_agg(jsonb_build_object('tenantId', s."tenantId", 'epoch', s."leaseEpoch"))
          FROM ${this.#sessions} AS s WHERE s."leaseOwner" = ${owner} AND s."desiredState" = 'stopped'
            AND s."leaseExpiresAt" <> ${givenUp}) AS unwanted
      FROM live`
  }

  checkOut(owner: string): Prisma.Sql {
    return Prisma.sql`DELETE FROM ${this.#hosts} WHERE "owner" = ${owner}`
  }

  /** Returns the rows that were taken. What another statement is about to change is passed over, not waited for. */
  claim({ owner, ttlMs, limit, expired, own = [], except = [] }: ClaimRequest): Prisma.Sql {
    return Prisma.sql`
      WITH own AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(own)}::jsonb) AS o("tenantId" text, "epoch" int)
      ), free AS (
        SELECT s."tenantId" FROM ${this.#sessions} AS s
        WHERE s."desiredState" = 'running'
          AND (s."leaseOwner" IS NULL OR s."leaseExpiresAt" = ${givenUp}
            OR (${expired} AND s."leaseOwner" <> ${owner} AND s."leaseExpiresAt" <= now())
            OR (s."leaseOwner" = ${owner} AND (s."tenantId", s."leaseEpoch") IN (SELECT "tenantId", "epoch" FROM own)))
          AND (s."endedAt" IS NULL
            OR s."endedAt" < (SELECT max("joinedAt") FROM ${this.#hosts} WHERE "expiresAt" > now()))
          AND s."tenantId" NOT IN (SELECT jsonb_array_elements_text(${JSON.stringify(except)}::jsonb))
        ORDER BY s."leaseOwner" = ${owner} AND s."leaseExpiresAt" <> ${givenUp} DESC NULLS LAST, s."tenantId"
        LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
      )
      UPDATE ${this.#sessions} AS s SET
        "leaseOwner" = ${owner}, "leaseEpoch" = s."leaseEpoch" + 1, "leaseExpiresAt" = ${after(ttlMs)},
        "endedAt" = NULL, "updatedAt" = now()
      FROM free WHERE s."tenantId" = free."tenantId"
      RETURNING s.*`
  }

  /** One outcome a swap, in their order. */
  commit(swaps: readonly HeadSwap[]): Prisma.Sql {
    const rows = swaps.map(({ tenantId, owner, epoch, expectedSeq, head }, ord) => {
      const { epoch: headEpoch, ...rest } = head
      return { ...rest, ord, tenantId, owner, epoch, expectedSeq, headEpoch }
    })
    return Prisma.sql`
      WITH input AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS i(
          "ord" int, "tenantId" text, "owner" text, "epoch" int, "expectedSeq" int, "seq" int, "headEpoch" int,
          "key" text, "digest" text, "tree" text, "snapshotSeq" int, "marks" jsonb, "bytes" bigint, "files" int)
      ), locked AS (
        SELECT s."tenantId", s."leaseOwner", s."leaseEpoch", s."leaseExpiresAt", s."headSeq", s."headKey", s."headDigest"
        FROM ${this.#sessions} AS s WHERE s."tenantId" IN (SELECT "tenantId" FROM input)
        ORDER BY s."tenantId" FOR UPDATE
      ), judged AS (
        SELECT i.*, CASE
          WHEN l."headSeq" = i."seq" AND l."headKey" = i."key" AND l."headDigest" = i."digest" THEN 'committed'
          WHEN l."leaseOwner" IS DISTINCT FROM i."owner" OR l."leaseEpoch" <> i."epoch"
            OR l."leaseExpiresAt" = ${givenUp} THEN 'fenced'
          WHEN l."headSeq" <> i."expectedSeq" THEN 'conflict'
          ELSE 'swap' END AS verdict
        FROM input AS i LEFT JOIN locked AS l USING ("tenantId")
      ), swapped AS (
        UPDATE ${this.#sessions} AS s SET
          "headSeq" = j."seq", "headEpoch" = j."headEpoch", "headKey" = j."key", "headDigest" = j."digest",
          "headTree" = j."tree", "headSnapshotSeq" = j."snapshotSeq", "headMarks" = j."marks",
          "headBytes" = j."bytes", "headFiles" = j."files",
          "lastBackupAt" = now(), "lastError" = NULL, "updatedAt" = now()
        FROM judged AS j WHERE s."tenantId" = j."tenantId" AND j.verdict = 'swap'
        RETURNING s."tenantId"
      )
      SELECT CASE WHEN j.verdict <> 'swap' THEN j.verdict WHEN w."tenantId" IS NULL THEN 'conflict' ELSE 'committed' END AS outcome
      FROM judged AS j LEFT JOIN swapped AS w USING ("tenantId") ORDER BY j."ord"`
  }

  /**
   * A phone number counts as taken by who held it before the statement, else by the first in the batch that asks.
   * One that is taken in the same instant by another statement raises 23505: the statement is to be sent again.
   */
  updateStatus(updates: readonly StatusUpdate[]): Prisma.Sql {
    const rows = updates.map((update, ord) => ({
      ...update,
      ord,
      setPhone: 'phoneNumber' in update,
      setError: 'lastError' in update,
    }))
    return Prisma.sql`
      WITH input AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS i(
          "ord" int, "tenantId" text, "owner" text, "epoch" int, "status" text, "connectionState" text,
          "phoneNumber" text, "setPhone" boolean, "authStatePath" text, "unsaved" int, "lastError" text,
          "setError" boolean, "lastConnectedAt" float8, "lastDisconnectedAt" float8)
      ), locked AS (
        SELECT s."tenantId", s."leaseOwner", s."leaseEpoch", s."phoneNumber" AS "oldPhone"
        FROM ${this.#sessions} AS s WHERE s."tenantId" IN (SELECT "tenantId" FROM input)
        ORDER BY s."tenantId" FOR UPDATE
      ), live AS (
        SELECT i.*, coalesce(
          (SELECT o."tenantId" FROM ${this.#sessions} AS o WHERE o."phoneNumber" = i."phoneNumber"),
          first_value(i."tenantId") OVER (PARTITION BY i."phoneNumber" ORDER BY i."ord")) AS holder
        FROM input AS i JOIN locked AS l
          ON l."tenantId" = i."tenantId" AND l."leaseOwner" = i."owner" AND l."leaseEpoch" = i."epoch"
      ), wanted AS (
        SELECT live.*, "phoneNumber" IS NOT NULL AND holder <> "tenantId" AS collides FROM live
      )
      UPDATE ${this.#sessions} AS s SET
        "status" = coalesce(w."status", s."status"),
        "connectionState" = coalesce(w."connectionState", s."connectionState"),
        "authStatePath" = coalesce(w."authStatePath", s."authStatePath"),
        "unsaved" = coalesce(w."unsaved", s."unsaved"),
        "phoneNumber" = CASE WHEN w.collides THEN NULL WHEN w."setPhone" THEN w."phoneNumber" ELSE s."phoneNumber" END,
        "lastError" = CASE
          WHEN w.collides THEN 'The phone number is already registered for tenant ' || w.holder || '.'
          WHEN w."setError" THEN w."lastError" ELSE s."lastError" END,
        "lastConnectedAt" = coalesce(to_timestamp(w."lastConnectedAt" / 1000), s."lastConnectedAt"),
        "lastDisconnectedAt" = coalesce(to_timestamp(w."lastDisconnectedAt" / 1000), s."lastDisconnectedAt"),
        "updatedAt" = now()
      FROM wanted AS w WHERE s."tenantId" = w."tenantId"`
  }

  clearHead(tenantId: string, owner: string, epoch: number): Prisma.Sql {
    return Prisma.sql`
      UPDATE ${this.#sessions} SET
        "headSeq" = 0, "headEpoch" = NULL, "headKey" = NULL, "headDigest" = NULL, "headTree" = NULL,
        "headSnapshotSeq" = NULL, "headMarks" = NULL, "headBytes" = NULL, "headFiles" = NULL,
        "lastBackupAt" = NULL, "unsaved" = 0, "phoneNumber" = NULL,
        "qrCode" = NULL, "status" = 'LOGGED_OUT', "desiredState" = 'stopped', "updatedAt" = now()
      WHERE "tenantId" = ${tenantId} AND "leaseOwner" = ${owner} AND "leaseEpoch" = ${epoch}
        AND "leaseExpiresAt" <> ${givenUp}`
  }

  /** Locks the rows of those leases that this owner still holds. */
  #held(owner: string, leases: Leases): Prisma.Sql {
    return Prisma.sql`
      SELECT s."tenantId", i."ended" FROM ${this.#sessions} AS s
      JOIN jsonb_to_recordset(${JSON.stringify(leases)}::jsonb) AS i("tenantId" text, "epoch" int, "ended" boolean)
        ON s."tenantId" = i."tenantId" AND s."leaseEpoch" = i."epoch"
      WHERE s."leaseOwner" = ${owner} AND s."leaseExpiresAt" <> ${givenUp}
      ORDER BY s."tenantId" FOR UPDATE OF s`
  }
}
