// Brackets and quotes around a placeholder do not make it a secret.
const placeholders = [
  /^\W*replace[_-]?(with|me)/i,
  /^\W*your-(256|384|512)-bit-secret/i,
  /^\W*your[-_ ](client[-_ ])?secret/i,
  /^\W*a-string-secret-at-least-\d+-bits-long\W*$/i,
  /^\W*change[_-]?(me|this)/i,
]

/** Says why a secret is none, without quoting it: everybody knows it, or can guess it. */
export function placeholderFault(secret: Uint8Array): string | undefined {
  const text = Buffer.from(secret).toString('latin1').trim()
  if (placeholders.some((placeholder) => placeholder.test(text))) {
    return 'the secret is a placeholder from an example; put a random one in its place'
  }
  if (secret.length > 1 && secret.every((byte) => byte === secret[0])) {
    return 'the secret is one repeated character; make a random one'
  }
  return undefined
}
