/**
 * What may be left behind, by the place that created it: a text in its stack. Each is a library's, and each says why
 * it cannot be helped. Nothing else is allowed.
 */
export const allowedLeaks: readonly { readonly stack: RegExp; readonly why: string }[] = [
  {
    stack: /@whiskeysockets\/baileys\/lib\/Utils\/generics\.js[\s\S]*promiseTimeout/,
    why: 'Baileys does not clear the limit of a query (60 s at most) when its socket ends',
  },
  {
    stack: /\buploadPreKeys\b.*@whiskeysockets\/baileys/,
    why: 'Baileys never clears the limit of an upload of pre-keys (30 s); ours do not keep the process alive',
  },
  {
    stack: /lru-cache[\s\S]*@whiskeysockets\/baileys\/lib\/(Signal\/lid-mapping|Socket\/socket)\.js/,
    why: 'Baileys purges its cache of LID mappings by timers that do not keep the process alive, and never closes it',
  },
  {
    stack: /lru-cache[\s\S]*MessageRetryManager\.addRecentMessage/,
    why: 'Baileys notes a message that it was decrypting when its socket ended; the timer does not keep the process alive',
  },
]
