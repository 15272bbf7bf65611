const linkKnows = 'The tenant says each of these to its link once; the link does not count on that.'
const closeCannotFail = 'Closing a folder waits for the disk’s own calls alone, and those are synchronous.'
const capturedLater =
  'A backup takes what there is when it runs, after it was asked for, and key files are written by nobody else: it covers all that was known. The machine does not count on that.'

/** Transitions that nothing outside of the supervisor can bring about, and why; the machines alone are led through them. */
export const notByPorts: Readonly<Record<string, string>> = {
  'tenant:backing-up.uploading|xstate.done.actor.backup|0': capturedLater,
  'tenant:closing.flushing.uploading|xstate.done.actor.finalBackup|0': capturedLater,
  'tenant:closing.sealing|xstate.error.actor.sealFiles|0':
    'Sealing sets a flag and cuts a connection: neither can fail.',
  'tenant:closing.abandoning|lease.lost|0':
    'A lost lease is forgotten before the machine hears of it, and abandoning ends at once.',
  'tenant:closing.abandoning|xstate.error.actor.abandon|0': closeCannotFail,
  'tenant:closing.abandoning|xstate.after.releaseLimit.tenant.closing.abandoning|0': closeCannotFail,
  'link:online|xstate.error.actor.socket|0': 'What a way to WhatsApp throws is told as a close.',
  'link:online|xstate.error.actor.socket|1': 'What a way to WhatsApp throws is told as a close.',
  'link:online|xstate.error.actor.socket|2': 'What a way to WhatsApp throws is told as a close.',
  'link:online.loggingOut|link.logout|0': linkKnows,
  'link:online.stopping|link.logout|0': linkKnows,
}
