import { Session, type HeapProfiler, type Runtime } from 'node:inspector/promises'

/** What is looked at: processor time in microseconds, or allocated bytes. */
export type ProfileKind = 'cpu' | 'heap'

/** What one function used itself, without what it called. */
export interface Usage {
  readonly name: string
  readonly amount: number
  /** Whether it is this package's. */
  readonly isOurs: boolean
}

/** Looks at this process from now on; what it returns ends the look and gives the functions, greediest first. */
export async function startProfile(kind: ProfileKind): Promise<() => Promise<readonly Usage[]>> {
  const session = new Session()
  session.connect()
  const stop = await (kind === 'cpu' ? startCpu(session) : startHeap(session))
  return async () => {
    const usages = await stop()
    session.disconnect()
    return summed(usages)
  }
}

async function startCpu(session: Session): Promise<() => Promise<Usage[]>> {
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 100 })
  await session.post('Profiler.start')
  return async () => {
    const { profile } = await session.post('Profiler.stop')
    const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
    const deltas = profile.timeDeltas ?? []
    return (profile.samples ?? []).map((id, index) =>
      usageOf(frames.get(id) as Runtime.CallFrame, deltas[index] ?? 0),
    )
  }
}

async function startHeap(session: Session): Promise<() => Promise<Usage[]>> {
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 2048,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
  return async () => {
    const { profile } = await session.post('HeapProfiler.stopSampling')
    return allocations(profile.head)
  }
}

function allocations(node: HeapProfiler.SamplingHeapProfileNode): Usage[] {
  return [usageOf(node.callFrame, node.selfSize), ...node.children.flatMap(allocations)]
}

function usageOf(frame: Runtime.CallFrame, amount: number): Usage {
  const isOurs = frame.url.includes('/dist/') && !frame.url.includes('/node_modules/')
  return { name: nameOf(frame), amount, isOurs }
}

function nameOf({ functionName, url, lineNumber }: Runtime.CallFrame): string {
  const [, file] = /([^/]+\/[^/]+)$/.exec(url) ?? []
  const where = file === undefined ? '' : ` (${file}:${String(lineNumber + 1)})`
  return `${functionName || 'anonymous'}${where}`
}

function summed(usages: readonly Usage[]): readonly Usage[] {
  const byName = new Map<string, Usage>()
  for (const usage of usages) {
    const amount = (byName.get(usage.name)?.amount ?? 0) + usage.amount
    byName.set(usage.name, { ...usage, amount })
  }
  return [...byName.values()].sort((one, other) => other.amount - one.amount)
}
