/** What a command can see of the machine it runs on. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether colours help: on a terminal, unless `NO_COLOR` is set. */
  readonly colors: boolean
  readonly fetch: typeof globalThis.fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly readInput: () => Promise<string>
  /** Writes what the command was called for. */
  readonly out: (text: string) => void
  /** Writes what a person should know besides. */
  readonly note: (text: string) => void
}

/** The exit codes. */
export const exitCodes = { done: 0, refused: 1, usage: 2, unreachable: 3, bug: 70 } as const

/** What a command has found out, for people and for machines. */
export interface Report {
  readonly code: number
  /** What `--json` prints. */
  readonly data: unknown
  readonly lines: readonly string[]
}

/** Reports a call whose words are off; exit code 2. */
export class UsageError extends Error {}

/** Reports an issuer or a URL that cannot be reached; exit code 3. */
export class UnreachableError extends Error {}

/** Drops what could steer a terminal out of text that came from elsewhere. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD')
}
