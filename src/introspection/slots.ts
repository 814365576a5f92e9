/** Limits how many works run at once. */
export interface Slots {
  /**
   * Waits for a free slot.
   *
   * @returns What gives it back; nothing when none became free in time.
   */
  take(): Promise<(() => void) | undefined> | (() => void)
}

interface Waiting {
  readonly resolve: (release: (() => void) | undefined) => void
  readonly timer: NodeJS.Timeout
}

/**
 * Creates slots that are handed on in the order of asking.
 *
 * @param count - How many there are.
 * @param patience - For how many seconds of real time to wait for one.
 */
export function createSlots(count: number, patience: number): Slots {
  let free = count
  // A Set keeps the order, and lets go of whoever gives up in no time.
  const waiting = new Set<Waiting>()

  function release(): void {
    const [next] = waiting
    if (next === undefined) {
      free += 1
      return
    }
    waiting.delete(next)
    clearTimeout(next.timer)
    next.resolve(release)
  }

  return {
    take() {
      if (free > 0) {
        free -= 1
        return release
      }
      return new Promise((resolve) => {
        const one: Waiting = {
          resolve,
          timer: setTimeout(() => {
            waiting.delete(one)
            resolve(undefined)
          }, patience * 1000),
        }
        waiting.add(one)
      })
    },
  }
}

/** Runs the work for one name once, however many ask while it runs. */
export function createFlights<T>(): (name: string, work: () => Promise<T>) => Promise<T> {
  const flights = new Map<string, Promise<T>>()
  return (name, work) => {
    const running = flights.get(name)
    if (running !== undefined) return running
    const flight = work().finally(() => flights.delete(name))
    flights.set(name, flight)
    return flight
  }
}
