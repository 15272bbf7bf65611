import {
  type ApiParts,
  type ApiRequest,
  type Caller,
  ok,
  type Reply,
  type Route,
  refusal,
  setCookie,
  shortHostId,
} from '../server/index.js'
import type { Assets } from './assets.js'
import type { SessionPayload } from './payloads.js'

export interface PageParts extends ApiParts {
  readonly assets: Assets
  readonly version: string
  /** A sign-in has ended: so do the streams that it opened. */
  readonly signedOut: () => void
}

/** The page itself and the sign-in. All of it is open: without a token there is nothing in it. */
export function pageRoutes(parts: PageParts): Route[] {
  const { assets } = parts
  return [
    { method: 'GET', path: '/', isOpen: true, handle: (request) => page(parts, request) },
    { method: 'GET', path: '/assets/:file', isOpen: true, handle: (request) => assets.file(request) },
    {
      method: 'GET',
      path: '/session',
      isOpen: true,
      handle: async ({ caller }) => ok(sessionOf(parts, await caller.isStillAllowed())),
    },
    { method: 'POST', path: '/session', isOpen: true, handle: (request) => signIn(parts, request) },
    { method: 'POST', path: '/session/end', handle: ({ caller }) => signOut(parts, caller) },
  ]
}

/** With a token, the first visit by a link: the cookie takes its place, and the address forgets it. */
async function page(
  { authorisation, assets, basePath }: PageParts,
  { query, caller }: ApiRequest,
): Promise<Reply> {
  const token = query.get('token')
  if (token === null) return await assets.page()
  const location = `${basePath}/`
  if (!authorisation.needsToken) return { status: 303, text: '', headers: { location } }
  const problem = authorisation.tokenProblem(caller, token)
  if (problem !== null) return problem
  const cookie = setCookie(caller, location, authorisation.signIns.add())
  return { status: 303, text: '', headers: { location, 'set-cookie': cookie } }
}

function signIn(parts: PageParts, { body, caller }: ApiRequest): Reply {
  const { authorisation, basePath } = parts
  if (!authorisation.needsToken) return ok(sessionOf(parts, true))
  const { token } = body
  if (typeof token !== 'string' || token === '') {
    return refusal(400, 'invalid', 'Send {"token": "…"} with DASHBOARD_TOKEN.')
  }
  const problem = authorisation.tokenProblem(caller, token)
  if (problem !== null) return problem
  const cookie = setCookie(caller, `${basePath}/`, authorisation.signIns.add())
  return { ...ok(sessionOf(parts, true)), headers: { 'set-cookie': cookie } }
}

function signOut(parts: PageParts, caller: Caller): Reply {
  const { authorisation, basePath, signedOut } = parts
  if (caller.signIn !== null) authorisation.signIns.end(caller.signIn)
  signedOut()
  const payload = sessionOf(parts, caller.signIn === null && !authorisation.needsToken)
  return { ...ok(payload), headers: { 'set-cookie': setCookie(caller, `${basePath}/`, null) } }
}

function sessionOf({ authorisation, supervisor, version }: PageParts, signedIn: boolean): SessionPayload {
  return {
    signedIn,
    needsToken: authorisation.needsToken,
    host: signedIn ? shortHostId(supervisor.hostId) : null,
    version: signedIn ? version : null,
  }
}
