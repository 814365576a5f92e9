import { earlier, us } from './contenders.js'
import { tokensOf, type Flood } from './floods.js'
import { generateMaterial, keysOf, makeTokens, type Alg } from './material.js'
import { startLoad, startServer } from './processes.js'
import type { ProfileKind, Usage } from './profiler.js'

const shown = 40
const seconds = 4

/** What each function used per request, of one contender. */
type Profile = Readonly<Record<ProfileKind, readonly Usage[]>>

/**
 * Prints which functions the processor time and the memory of a request go to: of ours, and of the peer that comes
 * closest. Looking costs time itself, so that only the shares mean something.
 *
 * @param flood - A kind of requests that are refused; without it every token is new and good.
 * @param compare - Whether to look at an earlier build, too, and to put both beside each other.
 */
export async function profile(alg: Alg, flood: Flood | undefined, compare: boolean): Promise<void> {
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

  async function look(contender: string): Promise<Profile> {
    const { fetchKeys, wishes } = flood ?? {}
    const server = await startServer({ contender, material, fetchKeys, ...wishes })
    await load.run(server, seconds, expected)
    const perRequest = async (kind: ProfileKind) => {
      await server.startProfile(kind)
      const { count } = await load.run(server, seconds, expected)
      const usages = await server.endProfile()
      return usages.map((usage) => ({ ...usage, amount: usage.amount / count }))
    }
    const found = { cpu: await perRequest('cpu'), heap: await perRequest('heap') }
    server.stop()
    return found
  }

  const before = compare ? await look(earlier) : undefined
  const after = await look(us)
  if (before !== undefined) {
    printComparison(what, before, after)
    return
  }
  const peer = flood?.fetchKeys === true ? 'jose' : 'fast-jwt'
  const profiles = { [us]: after, [peer]: await look(peer) }
  for (const [contender, found] of Object.entries(profiles)) {
    for (const kind of ['cpu', 'heap'] as const) print(`${contender}, ${what}`, kind, found[kind])
  }
}

function print(what: string, kind: ProfileKind, usages: readonly Usage[]): void {
  console.log(`\n${what}: ${kind === 'cpu' ? 'µs' : 'bytes'} per request`)
  const all = { name: 'all', amount: total(usages) }
  for (const { name, amount } of [all, ...usages.slice(0, shown)]) {
    console.log(`${amount.toFixed(kind === 'cpu' ? 2 : 0).padStart(8)}  ${name}`)
  }
}

// Less than this is not worth a line.
const least = { cpu: 0.35, heap: 200 }

function printComparison(what: string, before: Profile, after: Profile): void {
  const cpu = [summary(before.cpu), summary(after.cpu)]
  const heap = [summary(before.heap), summary(after.heap)]
  const names = new Set([...cpu, ...heap].flatMap((sums) => [...sums.keys()]))
  const lines = [...names]
    .map((name) => ({
      name,
      times: cpu.map((sums) => sums.get(name) ?? 0),
      sizes: heap.map((sums) => sums.get(name) ?? 0),
    }))
    .filter(
      ({ times, sizes }) => Math.max(...times) >= least.cpu || Math.max(...sizes) >= least.heap,
    )
    .map(({ name, times, sizes }) => [
      name,
      ...times.map((one) => one.toFixed(1)),
      ...sizes.map(bytes),
    ])
  const header = ['what', 'µs before', 'after', 'bytes before', 'after']
  const table = [header, header.map(() => '---'), ...lines].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
  console.log(`\n## ${what}\n\n${table.join('\n')}`)
}

// Sums first, and each function of ours by its own name, wherever a build keeps it.
function summary(usages: readonly Usage[]): Map<string, number> {
  const ours = usages.filter(({ isOurs }) => isOurs)
  const sums = new Map([
    ['the whole request', total(usages)],
    ['garbage collector', usages.find(({ name }) => name === '(garbage collector)')?.amount ?? 0],
    ['the functions of this package', total(ours)],
  ])
  for (const { name, amount } of ours) {
    const own = `\`${name.replace(/ \(.*/, '')}\``
    sums.set(own, (sums.get(own) ?? 0) + amount)
  }
  return sums
}

function total(usages: readonly Usage[]): number {
  return usages.reduce((sum, { name, amount }) => (name === '(idle)' ? sum : sum + amount), 0)
}

function bytes(amount: number): string {
  return Math.round(amount).toLocaleString('en')
}
