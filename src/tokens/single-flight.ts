/** Runs the work for one name once, however many ask while it runs. */
export function createSingleFlight<T>(): (name: string, work: () => Promise<T>) => Promise<T> {
  const flights = new Map<string, Promise<T>>()
  return (name, work) => {
    const running = flights.get(name)
    if (running) return running
    const flight = work().finally(() => flights.delete(name))
    flights.set(name, flight)
    return flight
  }
}

/** Runs the works of one name one after the other. */
export function createQueue(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>()
  return (name, work) => {
    const turn = (tails.get(name) ?? Promise.resolve()).then(work)
    const tail = turn
      .catch(() => undefined)
      .then(() => {
        if (tails.get(name) === tail) tails.delete(name)
      })
    tails.set(name, tail)
    return turn
  }
}

/** Waits for shared work until the caller gives up. The work goes on for the others. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      reject(signal.reason as Error)
    }
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', giveUp)
    })
  })
}
