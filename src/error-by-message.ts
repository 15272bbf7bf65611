import { asError, type ErrorCode, isSessionError, SessionError } from './errors.js'

/** An error on its way to another process, where its class would be lost. */
export interface ErrorByMessage {
  readonly isErrorByMessage: true
  /** Null: no {@link SessionError}. */
  readonly code: ErrorCode | null
  readonly message: string
  readonly stack: string
}

export function errorByMessage(thrown: unknown): ErrorByMessage {
  const error = asError(thrown)
  return {
    isErrorByMessage: true,
    code: isSessionError(error) ? error.code : null,
    message: error.message,
    stack: error.stack ?? '',
  }
}

export function errorOf({ code, message, stack }: ErrorByMessage): Error {
  const error = code === null ? new Error(message) : new SessionError(code, message)
  error.stack = stack
  return error
}

/** A record whose errors can travel; nothing deeper than its own fields is looked at. */
export function withErrorsByMessage<T extends object>(fields: T): T {
  return mapped(fields, (value) => (value instanceof Error ? errorByMessage(value) : value))
}

export function withErrors<T extends object>(fields: T): T {
  return mapped(fields, (value) => (isErrorByMessage(value) ? errorOf(value) : value))
}

function mapped<T extends object>(fields: T, map: (value: unknown) => unknown): T {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, map(value)])) as T
}

function isErrorByMessage(value: unknown): value is ErrorByMessage {
  return typeof value === 'object' && value !== null && 'isErrorByMessage' in value
}
