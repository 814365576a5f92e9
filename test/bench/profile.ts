import { us } from './contenders.js'
import { tokensOf, type Flood } from './floods.js'
import { generateMaterial, keysOf, makeTokens, type Alg } from './material.js'
import { startLoad, startServer } from './processes.js'
import type { ProfileKind, Usage } from './profiler.js'

const shown = 40
const seconds = 4

/**
 * Prints which functions the processor time and the memory of a request go to: of ours, and of the peer that comes
 * closest. Looking costs time itself, so that only the shares mean something.
 *
 * @param flood - A kind of requests that are refused; without it every token is new and good.
 */
export async function profile(alg: Alg, flood: Flood | undefined): Promise<void> {
  const material = generateMaterial(alg)
  const keys = keysOf(material)
  const load = await startLoad()
  const tokens =
    flood === undefined
      ? makeTokens(keys, 5000)
      : tokensOf(flood, keys, keysOf(generateMaterial(alg)))
  await load.use(tokens)
  const what = `${alg}, ${flood?.what ?? 'every token new'}`
  const expected = flood === undefined ? 'accepted' : 'refused'
  for (const contender of [us, flood?.fetchKeys === true ? 'jose' : 'fast-jwt']) {
    const { fetchKeys, wishes } = flood ?? {}
    const server = await startServer({ contender, material, fetchKeys, ...wishes })
    await load.run(server, seconds, expected)
    for (const kind of ['cpu', 'heap'] as const) {
      await server.startProfile(kind)
      const { count } = await load.run(server, seconds, expected)
      print(`${contender}, ${what}`, kind, count, await server.endProfile())
    }
    server.stop()
  }
}

function print(what: string, kind: ProfileKind, count: number, usages: readonly Usage[]): void {
  console.log(`\n${what}: ${kind === 'cpu' ? 'µs' : 'bytes'} per request`)
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
