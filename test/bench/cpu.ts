import { readFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Microseconds of processor time: of the main thread, and of the whole process. */
export interface Cost {
  readonly main: number
  readonly process: number
}

/** Reads what this process has used up to now. */
export function used(): Cost {
  return { main: mainThread(), process: wholeProcess() }
}

/** Runs some checks, as many at a time as a busy server has, and tells what one of them costs. */
export async function costOf(check: () => unknown, count: number): Promise<Cost> {
  const before = used()
  for (let index = 0; index < count;) {
    const waiting: unknown[] = []
    for (let flight = 0; flight < 64 && index < count; flight += 1, index += 1) {
      const result = check()
      // Whoever answers at once is spared the wait, as in a server.
      if (typeof (result as Promise<unknown> | undefined)?.then === 'function') waiting.push(result)
    }
    if (waiting.length > 0) await Promise.all(waiting)
    // As a server does between requests: whatever comes from outside gets its turn.
    await nextTurn()
  }
  return perOne(before, used(), count)
}

/** Divides what was used between two moments by the number of requests in between. */
export function perOne(before: Cost, after: Cost, count: number): Cost {
  return {
    main: (after.main - before.main) / count,
    process: (after.process - before.process) / count,
  }
}

// Node 20 cannot tell the time of one thread; Linux can, in nanoseconds.
function mainThread(): number {
  const stat = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8')
  return Number(stat.split(' ')[0]) / 1000
}

function wholeProcess(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
