/** Drops one `/` at the end. */
export function withoutSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text
}
