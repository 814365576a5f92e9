/** Reports that something took longer than it may; its name is that of {@link AbortSignal.timeout}'s reason. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeoutError'
}

/**
 * Waits for work, but not for ever.
 *
 * @param seconds - How long at most.
 * @param work - Starts the work; the signal fires when the time is up, whether or not anybody listens.
 * @param onLate - Is handed what the work gives after that. Must not throw.
 * @throws {@link TimeLimitError} when the time is up.
 */
export function within<T>(
  seconds: number,
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  onLate?: (value: T) => void,
): Promise<T> {
  const controller = new AbortController()
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      const error = new TimeLimitError(`There was no answer within ${seconds} s`)
      reject(error)
      controller.abort(error)
    }, seconds * 1000)
    // Does not keep a process alive that has nothing else to do.
    timer.unref()
    // Takes a throw for a rejection.
    const started = new Promise<T>((settle) => {
      settle(work(controller.signal))
    })
    const inTime = (): void => {
      clearTimeout(timer)
    }
    void started.then(inTime, inTime)
    started.then((value) => {
      if (isLate) onLate?.(value)
      else resolve(value)
    }, reject)
  })
}

const longestPause = 5_000

/** Tries in the background until it works, with longer and longer pauses in between. */
export function untilItWorks(
  work: () => Promise<unknown>,
  attempts: number = Number.POSITIVE_INFINITY,
  pause = 100,
): void {
  wait(pause)
    .then(work)
    .catch(() => {
      if (attempts > 1) untilItWorks(work, attempts - 1, Math.min(pause * 2, longestPause))
    })
}

/** Waits. Does not keep a process alive that has nothing else to do. */
export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}
