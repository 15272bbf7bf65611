import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Claims {
  readonly role: string
  /** Seconds since the Unix epoch. */
  readonly exp?: number
  readonly sub?: string
}

/** An HS256 JWT, as a Supabase project signs its legacy keys. */
export function signToken(claims: Claims, secret: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${signature(signed, secret)}`
}

/** The claims, or the very words with which the real server (jose) refuses the token. */
export function verifyToken(token: string, secret: string, nowMs: number): Claims | { refused: string } {
  const [header, payload, given, ...more] = token.split('.')
  if (!header || !payload || !given || more.length > 0) return { refused: 'Invalid Compact JWS' }
  const expected = Buffer.from(signature(`${header}.${payload}`, secret))
  const actual = Buffer.from(given)
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    return { refused: 'signature verification failed' }
  }
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims
  if (claims.exp !== undefined && claims.exp * 1000 <= nowMs) {
    return { refused: '"exp" claim timestamp check failed' }
  }
  return claims
}

function signature(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url')
}
