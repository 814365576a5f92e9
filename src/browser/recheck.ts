import { signedOutState } from './auth-state.js'
import type { PageSession } from './page-session.js'
import type { ServerCalls } from './server-calls.js'

/** Asks the server who is signed in, again and again until it says so. */
export interface Recheck {
  /** Asks in so many milliseconds, at once by default. */
  start(delay?: number): void
  stop(): void
}

const firstPause = 500
const longestPause = 30_000

/**
 * Prepares the question; an answer counts unless somebody has signed in or out meanwhile.
 *
 * @param onEnded - Is called when the user of this page is no longer signed in.
 */
export function prepareRecheck(
  session: PageSession,
  server: ServerCalls,
  onEnded: () => Promise<void>,
): Recheck {
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0

  function later(delay: number, pause: number): void {
    timer = setTimeout(() => void ask(pause), delay)
  }

  async function ask(pause: number): Promise<void> {
    const mine = turn
    const { epoch } = session
    const state = await server.me().catch(() => undefined)
    if (mine !== turn || epoch !== session.epoch) return
    // No answer says nothing about the user: what is hidden stays hidden.
    if (state === undefined) later(pause, Math.min(pause * 2, longestPause))
    else if (state === null && session.hasUser) await onEnded()
    else session.know(state ?? signedOutState)
  }

  function stop(): void {
    turn += 1
    clearTimeout(timer)
  }

  return {
    start(delay) {
      stop()
      if (delay === undefined) void ask(firstPause)
      else later(delay, firstPause)
    },
    stop,
  }
}
