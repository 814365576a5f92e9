import type { AuthClient } from 'express-jwt-bearer/browser'
import { useEffect, useState } from 'preact/hooks'
import type { SessionFacts } from '../../shared/models.js'

/** A sign-in that is watched. */
export interface WatchedSession {
  readonly facts: SessionFacts
  /** Seconds until the access token is over. */
  readonly secondsLeft: number
  /** What came of the last question. */
  readonly status: string
  /** Asks the server, which refreshes the token when it is time to. */
  readonly ask: () => Promise<void>
}

// Milliseconds: how often the seconds are counted, and how long to wait after a question without an answer.
const tick = 250
const pause = 5000

/** Counts the seconds of the access token, and asks the server for news when they are over. */
export function useSession(initial: SessionFacts, client: AuthClient | undefined): WatchedSession {
  const [facts, setFacts] = useState(initial)
  const [secondsLeft, setSecondsLeft] = useState(initial.secondsLeft)
  const [status, setStatus] = useState('')

  async function ask(): Promise<void> {
    const response = await client?.fetch('/api/session').catch(() => undefined)
    if (response?.ok !== true) {
      setStatus('The server could not say.')
      return
    }
    const news = (await response.json()) as SessionFacts
    const isNew = news.access.hash !== facts.access.hash
    setStatus(isNew ? 'The server has got a new token.' : 'Nothing new: the token is still good.')
    setFacts(news)
    setSecondsLeft(news.secondsLeft)
  }

  useEffect(() => {
    // The page's own clock may be wrong; it only has to run as fast as the server's.
    const end = performance.now() + facts.secondsLeft * 1000
    let nextQuestion = end
    const timer = setInterval(() => {
      const now = performance.now()
      setSecondsLeft(Math.max(0, Math.ceil((end - now) / 1000)))
      // Nobody looks at a page in the background: it asks when it is seen again.
      if (now < nextQuestion || document.hidden) return
      nextQuestion = now + pause
      void ask()
    }, tick)
    return () => {
      clearInterval(timer)
    }
  }, [facts])

  return { facts, secondsLeft, status, ask }
}
