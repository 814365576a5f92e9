import { verify, type VerifyKeyObjectInput } from 'node:crypto'

/** One signature to check, as `crypto.verify()` takes it. */
export interface SignatureCheck {
  /** Nothing where the algorithm has a hash of its own. */
  readonly hash: string | null
  readonly data: Buffer
  readonly key: VerifyKeyObjectInput
  readonly signature: Buffer
}

/** Milliseconds without any answer after which nobody waits for the pool any longer. */
const patience = 2

// The pool is the process's, and so is what is known of it. What waits for it, the oldest first, is what would
// end the wait.
const waiting = new Set<() => void>()
let oldest: (() => void) | undefined
let isWatched = false
let hasMoved = false
let isStuck = false

/**
 * Checks a signature on another core, so that the event loop is free meanwhile.
 *
 * Password hashing can keep Node's thread pool busy for seconds. When it has answered nobody for some
 * milliseconds, those who wait are checked on the spot, and so is everybody after them until it moves again.
 */
export function verifyInPool(check: SignatureCheck): Promise<boolean> | boolean {
  if (isStuck) return verifyHere(check)
  return new Promise((resolve) => {
    const endWait = () => {
      resolve(verifyHere(check))
    }
    waiting.add(endWait)
    if (!isWatched) watch()
    verify(check.hash, check.data, check.key, check.signature, (error, result) => {
      hasMoved = true
      isStuck = false
      waiting.delete(endWait)
      resolve(error === null && result)
    })
  })
}

function verifyHere({ hash, data, key, signature }: SignatureCheck): boolean {
  try {
    return verify(hash, data, key, signature)
  } catch {
    return false
  }
}

function watch(): void {
  isWatched = true
  // Between timers and immediates whatever the pool has done calls back, so that a busy event loop is not taken
  // for a busy pool.
  setTimeout(() => setImmediate(look), patience).unref()
}

function look(): void {
  isWatched = false
  const [first] = waiting
  isStuck = first !== undefined && first === oldest && !hasMoved
  hasMoved = false
  oldest = first
  if (isStuck) endWaits()
  else if (first !== undefined) watch()
}

function endWaits(): void {
  for (const endWait of waiting) endWait()
  waiting.clear()
}
