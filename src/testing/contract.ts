/** One thing that an implementation must do. Runs under any test runner. */
export interface ContractCase {
  /** What is proved, as a sentence. */
  readonly name: string
  /** Proves it; rejects with an `AssertionError` where the implementation falls short. */
  readonly run: () => Promise<void>
}

/** An implementation on the bench. */
export interface ContractSubject<T> {
  /** The implementation. Each case uses ids of its own, so one instance may serve all cases. */
  readonly subject: T
  /**
   * Lets time pass for the implementation: moves its `clock`, or the instants it has stored, or waits.
   *
   * @param seconds - Never more than 10 in one case.
   */
  readonly passTime: (seconds: number) => void | Promise<void>
  /** Is called when the case is over. */
  readonly close?: (() => void | Promise<void>) | undefined
}

/** Opens an implementation for one case. */
export type OpenSubject<T> = () => ContractSubject<T> | Promise<ContractSubject<T>>

/** Opens an implementation that knows no time for one case. */
export type OpenTimelessSubject<T> = () =>
  Omit<ContractSubject<T>, 'passTime'> | Promise<Omit<ContractSubject<T>, 'passTime'>>

/** What an implementation must do: names of cases and what they do with it. */
export type Proofs<T> = Readonly<Record<string, (opened: ContractSubject<T>) => Promise<void>>>

/** Makes the list of cases from their names and what they do with an implementation. */
export function contractCases<T>(open: OpenSubject<T>, proofs: Proofs<T>): readonly ContractCase[] {
  return Object.entries(proofs).map(([name, prove]) => ({
    name,
    async run() {
      const opened = await open()
      try {
        await prove(opened)
      } finally {
        await opened.close?.()
      }
    },
  }))
}
