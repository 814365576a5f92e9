/** Reports that nothing came in time. */
export class NoAnswerError extends Error {}

/**
 * Gives work a limit in seconds of real time. The work may not heed its signal; the limit holds all the same.
 *
 * @throws {@link NoAnswerError} when the limit is reached.
 */
export async function withTimeLimit<T>(
  seconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new NoAnswerError(`no answer within ${seconds} s`)
      controller.abort(error)
      reject(error)
    }, seconds * 1000)
  })
  try {
    return await Promise.race([work(controller.signal), expiry])
  } finally {
    clearTimeout(timer)
  }
}
