import type { AuthState } from '../browser/auth-state.js'

/** What {@link renderAuthState} accepts. */
export interface RenderAuthStateOptions {
  /**
   * The element's `id`, where `createAuthClient()` looks.
   *
   * @defaultValue `'auth-state'`
   */
  id?: string | undefined
}

// Besides "<" and ">" (an HTML comment in a value swallows the rest of the page): "&" for XHTML, and
// the two line separators that end a statement where the text is taken for a script.
const unsafe = /[<>&\u2028\u2029]/g

/**
 * Writes the state into the page, where `createAuthClient()` finds it without a request.
 *
 * The element is data and no script: a content security policy needs no nonce for it. No value in
 * it can close the element or open another one.
 *
 * @param state - What `authState(req)` gave.
 * @param options - The element's `id`.
 */
export function renderAuthState(state: AuthState, options: RenderAuthStateOptions = {}): string {
  return renderJson(state, options.id ?? 'auth-state')
}

/**
 * Writes any other data into the page, as safely as {@link renderAuthState} does: what the page's
 * code needs to take over what the server rendered.
 *
 * @param value - Anything `JSON.stringify` can write.
 * @param id - The `id` of the element; its text is the JSON.
 */
export function renderJson(value: unknown, id: string): string {
  if (!/^[\w-]+$/.test(id)) {
    throw new TypeError('"id" must consist of letters, digits, "-" and "_"')
  }
  const json = (JSON.stringify(value) ?? 'null').replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `<script type="application/json" id="${id}">${json}</script>`
}
