/**
 * Decides what `console.log` and other users of `util.inspect` show of a class's instances, so that
 * logging one never shows a token, a key or a claim.
 */
export function inspectAs<T extends object>(
  type: { readonly prototype: T },
  describe: (value: T) => string,
): void {
  Object.defineProperty(type.prototype, Symbol.for('nodejs.util.inspect.custom'), {
    value(this: T) {
      return describe(this)
    },
  })
}
