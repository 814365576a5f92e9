/** Is thrown when too many wait already. */
export class TooBusyError extends Error {
  readonly status = 503
  readonly headers = { 'Retry-After': '1' }
}

/** Runs work a few at a time; the rest waits, and what would wait too long is turned away at once. */
export function createTurns({ atOnce, waiting }: { atOnce: number; waiting: number }) {
  let running = 0
  const queue: (() => void)[] = []

  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < atOnce) running += 1
    else if (queue.length >= waiting) throw new TooBusyError('Too many sign-ins at a time')
    // The one who ends hands its place over.
    else await new Promise<void>((resolve) => queue.push(resolve))
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
