import { us } from './contenders.js'
import { generateMaterial, keysOf, makeTokens, type Alg } from './material.js'
import { startLoad, startServer, type Load, type Server } from './processes.js'
import type { ProfileKind, Usage } from './profiler.js'

const shown = 40
const seconds = 4

/**
 * Prints which functions the processor time and the memory of a request go to, every token being new: of ours,
 * and of the peer that comes closest. Looking costs time itself, so that only the shares mean something.
 */
export async function profile(alg: Alg): Promise<void> {
  const material = generateMaterial(alg)
  const load = await startLoad()
  await load.use(makeTokens(keysOf(material), 5000))
  for (const contender of [us, 'fast-jwt']) {
    const server = await startServer({ contender, material })
    await load.run(server, seconds, 'accepted')
    for (const kind of ['cpu', 'heap'] as const) await print(load, server, kind, alg)
    server.stop()
  }
}

async function print(load: Load, server: Server, kind: ProfileKind, alg: Alg): Promise<void> {
  await server.startProfile(kind)
  const { count } = await load.run(server, seconds, 'accepted')
  const usages = await server.endProfile()
  const unit = kind === 'cpu' ? 'µs' : 'bytes'
  console.log(`\n${server.contender}, ${alg}, every token new: ${unit} per request`)
  console.log(line('all', total(usages) / count, kind))
  for (const { name, amount } of usages.slice(0, shown)) {
    console.log(line(name, amount / count, kind))
  }
}

function total(usages: readonly Usage[]): number {
  return usages.reduce((sum, { name, amount }) => (name === '(idle)' ? sum : sum + amount), 0)
}

function line(name: string, amount: number, kind: ProfileKind): string {
  return `${amount.toFixed(kind === 'cpu' ? 2 : 0).padStart(8)}  ${name}`
}
