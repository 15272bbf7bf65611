import { Prisma } from '../generated/prisma/client.js'
import type { Inheritance } from '../ports/registry.js'

/** A lease that was given up has this expiry (1970); an expired one is held until somebody else takes it. */
export const givenUp = Prisma.sql`'epoch'::timestamptz`

/** A time as the port gives it; rounded, because a float of seconds since 1970 is not exact to the millisecond. */
const at = (ms: number) => Prisma.sql`date_trunc('milliseconds', to_timestamp((${ms}::float8 + 0.5) / 1000))`

/** The SQL about processes of one session directory, and of copies of it. */
export class KinStatements {
  readonly #sessions: Prisma.Sql
  readonly #hosts: Prisma.Sql

  constructor(sessions: Prisma.Sql, hosts: Prisma.Sql) {
    this.#sessions = sessions
    this.#hosts = hosts
  }

  /** One row an owner of that directory. */
  of(directory: string): Prisma.Sql {
    const isKin = (column: string) => {
      const name = Prisma.raw(`"${column}"`)
      return Prisma.sql`(${name} = ${directory} OR starts_with(${name}, ${`${directory}-`}))`
    }
    const newest = (column: string) =>
      Prisma.sql`round(extract(epoch FROM max(${Prisma.raw(column)})) * 1000)::float8`
    return Prisma.sql`
      SELECT owner, ${newest('host')} AS "checkedInUntil", ${newest('lease')} AS "heldUntil" FROM (
        SELECT "owner" AS owner, "expiresAt" AS host, NULL::timestamptz AS lease
        FROM ${this.#hosts} WHERE ${isKin('owner')}
        UNION ALL
        SELECT "leaseOwner", NULL, "leaseExpiresAt" FROM ${this.#sessions}
        WHERE ${isKin('leaseOwner')} AND "leaseExpiresAt" <> ${givenUp}
      ) AS found GROUP BY owner`
  }

  /** Changes the leases that were taken. What a heartbeat changes at the same moment is looked at again when it is locked. */
  inherit({ from, to, seen }: Inheritance): Prisma.Sql {
    const since = (column: string, until: number | null | undefined) =>
      seen === null ? Prisma.sql`false` : Prisma.sql`${Prisma.raw(column)} > ${at(until ?? 0)}`
    const isHeld = Prisma.sql`s."leaseOwner" = ${from} AND s."leaseExpiresAt" <> ${givenUp}`
    const isRenewed = since('s."leaseExpiresAt"', seen?.heldUntil)
    const isBack = since('"expiresAt"', seen?.checkedInUntil)
    return Prisma.sql`
      WITH alive AS (
        SELECT 1 FROM ${this.#sessions} AS s WHERE ${isHeld} AND ${isRenewed}
        UNION ALL SELECT 1 FROM ${this.#hosts} WHERE "owner" = ${from} AND ${isBack}
      ), host AS (
        DELETE FROM ${this.#hosts}
        WHERE "owner" = ${from} AND NOT (${isBack}) AND NOT EXISTS (SELECT 1 FROM alive)
      ), theirs AS (
        SELECT s."tenantId" FROM ${this.#sessions} AS s
        WHERE ${isHeld} AND NOT (${isRenewed}) AND NOT EXISTS (SELECT 1 FROM alive)
        ORDER BY s."tenantId" FOR UPDATE
      )
      UPDATE ${this.#sessions} AS s SET "leaseOwner" = ${to}, "leaseEpoch" = s."leaseEpoch" + 1
      FROM theirs WHERE s."tenantId" = theirs."tenantId"`
  }
}
