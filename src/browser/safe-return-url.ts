/** How {@link safeReturnUrl} decides. */
export interface SafeReturnUrlOptions {
  /**
   * Where to go instead of an address that is refused.
   *
   * @defaultValue `'/'`
   */
  fallback?: string | undefined
  /**
   * Paths, with everything below them, that make no sense as a destination after signing in.
   *
   * @defaultValue `['/login', '/logout', '/tokens']`
   */
  deny?: readonly string[] | undefined
}

const defaultDeny = ['/login', '/logout', '/tokens']
const maxLength = 2048

// White space, control characters and backslashes: browsers drop or turn some of them into slashes.
// eslint-disable-next-line no-control-regex
const unsafeCharacter = /[\u0000-\u0020\u007f-\u009f\u2028\u2029\\]/
const secondSlash = /^\/(?:\/|%2f|%5c)/i

/**
 * Checks where to go after signing in: an address that leaves this site never comes back.
 *
 * The same function runs on the server, before `Location` is written, and in the page, before
 * `location.href` is set.
 *
 * @param value - What came as `ReturnUrl`; whatever is not a local path is refused.
 * @param options - The fallback, and the paths that are refused besides.
 * @returns The value exactly as it came, or the fallback.
 *
 * @example After a login form was sent
 * ```ts
 * res.redirect(303, safeReturnUrl(req.query['ReturnUrl']))
 * ```
 */
export function safeReturnUrl(value: unknown, options: SafeReturnUrlOptions = {}): string {
  const { fallback = '/', deny = defaultDeny } = options
  return typeof value === 'string' && isLocal(value, deny) ? value : fallback
}

function isLocal(value: string, deny: readonly string[]): boolean {
  if (value.length > maxLength || !value.startsWith('/')) return false
  if (unsafeCharacter.test(value) || secondSlash.test(value)) return false
  const { origin, pathname } = new URL(value, 'http://local.invalid')
  // A dot segment can leave a path that reads as another host: "/..//evil.example".
  if (origin !== 'http://local.invalid' || pathname.startsWith('//')) return false
  const path = `${pathname.toLowerCase()}/`
  return !deny.some((denied) => path.startsWith(`${denied.toLowerCase()}/`))
}
