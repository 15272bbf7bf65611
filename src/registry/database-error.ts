import { type ErrorCode, isDefect, isSessionError, placeOf, SessionError } from '../errors.js'

/** What a failure of the database says, whichever layer it comes from (Prisma, its driver adapter, pg, a socket). */
interface DatabaseFailure {
  /** SQLSTATE of the server. */
  readonly state: string | undefined
  /** Kind of the driver adapter, e.g. `DatabaseNotReachable`. */
  readonly kind: string | undefined
  readonly text: string
}

/** The SQLSTATE of a failure, e.g. `23505`, or undefined when the server has said nothing. */
export function sqlStateOf(error: unknown): string | undefined {
  return describe(error).state
}

/**
 * The SessionError that a failure of the database means. Messages name the SQLSTATE but repeat the server's words
 * only where they cannot hold a row's content; the cause keeps the rest. A defect of the program stays what it is.
 */
export function databaseError(error: unknown, doing: string): Error {
  if (isSessionError(error) || isDefect(error)) return error
  if (isMistaken(error)) return defectOf(error)
  const failure = describe(error)
  const code = codeOf(failure)
  const detail = failure.state ?? failure.kind ?? 'no answer'
  return new SessionError(code, `The registry failed ${doing} (${detail}): ${adviceOf(code, failure)}`, {
    cause: error,
  })
}

/** Prisma's codes for a query that it, not the database, refuses: no other try will be taken. */
const mistakenQuery = /^P20(09|12|13|19|26|29|30)$/

/** A query that Prisma refuses without asking the database. Its words quote the query, with the values in it. */
function isMistaken(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  const refused = /^PrismaClient(Validation|RustPanic)Error$/.test(error.name)
  return refused || (typeof code === 'string' && mistakenQuery.test(code))
}

/** The same as what JavaScript throws for a mistake, with the place of it and without its words. */
function defectOf(error: Error): TypeError {
  const { code } = error as { code?: unknown }
  const what = `${error.name}${typeof code === 'string' ? ` ${code}` : ''}`
  const defect = new TypeError(`Prisma refused a query of this program (${what}).`)
  defect.stack = placeOf(error, defect.message).stack
  return defect
}

function describe(error: unknown): DatabaseFailure {
  const known = error as {
    code?: unknown
    /** Prisma's name for `code` in an error of its start. */
    errorCode?: unknown
    message?: unknown
    meta?: { driverAdapterError?: { cause?: unknown } }
  }
  const inner = known?.meta?.driverAdapterError?.cause as
    | { kind?: string; originalCode?: string; originalMessage?: string; reason?: string }
    | undefined
  if (inner) {
    const text = inner.originalMessage ?? inner.reason ?? inner.kind ?? ''
    return { state: inner.originalCode, kind: inner.kind, text }
  }
  const given = known?.code ?? known?.errorCode
  const code = typeof given === 'string' ? given : undefined
  const state = code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^P\d{4}$/.test(code) ? code : undefined
  return { state, kind: state ? undefined : code, text: String(known?.message ?? error) }
}

const stateCodes: readonly [RegExp, ErrorCode][] = [
  [/^28|^42501/, 'denied'],
  // Database, schema, table or column that does not exist: a wrong URL, or migrations that were not applied.
  [/^3D000|^3F000|^42P01|^42703/, 'invalid'],
  [/^22|^23|^42/, 'invalid'],
]

/** The same in Prisma's own codes, which it gives where no driver has said more. */
const prismaCodes: readonly [RegExp, ErrorCode][] = [
  [/^P10(00|10)$/, 'denied'],
  // No such database, table or column.
  [/^P1003$|^P20(21|22)$/, 'invalid'],
  // Values that the database refuses, whoever sends them again.
  [/^P20(0[0-7]|11|14|20|23|33)$/, 'invalid'],
]

const notReached = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|DatabaseNotReachable)$/

function codeOf({ state, kind, text }: DatabaseFailure): ErrorCode {
  // Supabase's pooler says so with an internal error's code when the user or the project is wrong.
  if (/tenant or user not found|SASL|password/i.test(text) && !state?.startsWith('57')) return 'denied'
  if (kind === 'TlsConnectionError') return 'invalid'
  const codes = state === undefined ? prismaCodes : stateCodes
  return codes.find(([pattern]) => pattern.test(state ?? kind ?? ''))?.[1] ?? 'unavailable'
}

function adviceOf(code: ErrorCode, { state, kind, text }: DatabaseFailure): string {
  if (code === 'denied')
    return `access was refused. Check the user, the password and the rights in DATABASE_URL.`
  if (kind === 'TlsConnectionError')
    return `the encrypted connection was refused (${text}). Check sslmode in DATABASE_URL.`
  if (state === '3D000' || kind === 'P1003') return 'the database does not exist. Check DATABASE_URL.'
  if (/^42P01|^42703|^3F000|^P20(21|22)$/.test(state ?? kind ?? '')) {
    return 'a table is missing. Apply the migrations.'
  }
  if (code === 'invalid') return 'the database refused a value. Nothing was changed.'
  if (state === '53100') return 'the disk of the database is full; free some space there. It is tried again.'
  if (kind !== undefined && notReached.test(kind)) {
    return `nothing answers there. Check the host and port in DATABASE_URL, and that the database runs; nothing is assumed about this change.`
  }
  return 'the database does not answer as it should. It is tried again; nothing is assumed about this change.'
}
