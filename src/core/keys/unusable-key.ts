/** Reports a key that cannot be used. The text never quotes the key. */
export class UnusableKeyError extends Error {}

/** Reports a key that is one, but for another purpose or no signature algorithm of ours. */
export class UnfitKeyError extends UnusableKeyError {}

/** Refuses private keys: whoever reads them where tokens are checked could sign. */
export function refusePrivate(isPrivate: boolean): void {
  if (isPrivate) {
    throw new UnusableKeyError(
      'the key is private; an API that checks tokens needs only the public one',
    )
  }
}

/** Runs a parser, whose own message could quote what it was given. */
export function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse()
  } catch {
    throw new UnusableKeyError(`the ${what} cannot be read as a key`)
  }
}
