/** What the rounds of a run gave: the middle one, the lowest and the highest. */
export interface Measured {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** One line of the result: what was measured of whom, and what it is held to. */
export interface Row {
  readonly section: string
  readonly what: string
  readonly unit: string
  readonly ours: Measured
  readonly peers: Readonly<Record<string, Measured>>
  /** What `ours` is held to; without it the row only informs. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number } | undefined
  /** The physical limit, where there is one. */
  readonly limit?: string | undefined
}

export type Verdict = 'met' | 'within the spread' | 'missed' | ''

export function summarise(values: readonly number[]): Measured {
  const sorted = [...values].sort((one, other) => one - other)
  const at = (index: number) => sorted[index] as number
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    low: at(0),
    high: at(sorted.length - 1),
  }
}

/** A single value, where there are no rounds. */
export function exactly(value: number): Measured {
  return summarise([value])
}

export function verdictOf({ ours, target }: Row): Verdict {
  if (target === undefined) return ''
  if ('atLeast' in target) {
    if (ours.median >= target.atLeast) return 'met'
    return ours.high >= target.atLeast ? 'within the spread' : 'missed'
  }
  if (ours.median <= target.atMost) return 'met'
  return ours.low <= target.atMost ? 'within the spread' : 'missed'
}

/**
 * Measures each contender once per round, in an order that turns from round to round, so that
 * whatever else the machine does hits all of them alike.
 */
export async function inRounds<T, U>(
  rounds: number,
  contenders: readonly T[],
  measure: (contender: T) => Promise<U>,
): Promise<Map<T, U[]>> {
  const results = new Map<T, U[]>(contenders.map((contender) => [contender, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (let step = 0; step < contenders.length; step += 1) {
      const contender = contenders[(round + step) % contenders.length] as T
      results.get(contender)?.push(await measure(contender))
    }
  }
  return results
}

/** Divides round by round, so that a slow round of the machine does not count. */
export function ratios(values: readonly number[], bases: readonly number[]): Measured {
  return summarise(values.map((value, round) => value / (bases[round] as number)))
}

export function bestOf(peers: Readonly<Record<string, Measured>>, pick: 'max' | 'min'): number {
  return Math[pick](...Object.values(peers).map(({ median }) => median))
}
