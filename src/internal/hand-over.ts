/** The part of a response that tells whether somebody has answered; there may be none. */
export type AnswerBegun = { readonly headersSent?: boolean } | null | undefined

/**
 * Gives what went wrong after a wait to Express, as a throw in a handler would be. Where the answer has
 * begun nobody can answer any more, and Express would cut off what is on its way: then one warning says so,
 * and the process goes on.
 */
export function handOver(error: unknown, res: AnswerBegun, next: (error?: unknown) => void): void {
  if (isAnswered(res)) {
    warn(error)
    return
  }
  try {
    // Express takes nothing, and texts such as "route", for no error and would go on.
    next(
      error instanceof Error
        ? error
        : new Error('Something that is no error was thrown', { cause: error }),
    )
  } catch (thrown) {
    warn(thrown)
  }
}

/** Tells whether somebody has answered the request already, or begun to. */
export function isAnswered(res: AnswerBegun): boolean {
  return res?.headersSent === true
}

// Name and code alone: the message of somebody else's error may quote what must not get into a log.
function warn(error: unknown): void {
  const { name = 'Error', code } = (error ?? {}) as { name?: unknown; code?: unknown }
  const what = typeof code === 'string' ? `${String(name)} [${code}]` : String(name)
  process.emitWarning(`A request failed after its answer had begun: ${what}`, {
    code: 'EXPRESS_JWT_BEARER_LATE_FAILURE',
  })
}
