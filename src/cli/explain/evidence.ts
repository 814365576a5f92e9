import type { ExplainedAnswer } from './answer.js'
import type { ExplainedCheck, Subject } from './explained-check.js'

/** What a cause is told from. */
export interface Evidence extends Subject {
  readonly token: string
  readonly proof: string | undefined
  readonly publicUrl: string | undefined
  readonly checks: readonly ExplainedCheck[]
  readonly answer: ExplainedAnswer
}

/** Recognises one reason why tokens are refused; says what to do, and quotes no claim. */
export type Cause = (evidence: Evidence) => string | false | undefined

/** Tells whether a check failed. */
export function failed({ checks }: Evidence, name: string): boolean {
  return checks.some((check) => check.name === name && check.ok === false)
}
