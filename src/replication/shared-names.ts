const nothing: Record<string, unknown> = Object.create(null)

/**
 * The same name, of which the process keeps one text: names of pre-keys are those of every session, and most of each. V8
 * holds the names of properties once and forgets one with its last use, so it is asked for such a property. There is none;
 * the answer is looked at so that asking is not left out.
 */
export function sharedName(name: string): string {
  return nothing[name] === undefined ? name : ''
}
