// npm run fuzz                              about a minute, always the same inputs
// npm run fuzz -- --requests 1000000        more of them
// npm run fuzz -- --seed 7                  other ones (--seed random: new ones each time, the seed is printed)
// npm run fuzz -- tokens headers            only these
import fc from 'fast-check'
import { parseArgs } from 'node:util'
import { authorities, returnUrls } from './addresses.js'
import { forms } from './forms.js'
import { headers } from './headers.js'
import { keySets } from './key-sets.js'
import { principals } from './principals.js'
import { proofs } from './proofs.js'
import type { Target } from './target.js'
import { tokens } from './tokens.js'

const targets: readonly Target[] = [
  tokens,
  headers,
  proofs,
  keySets,
  principals,
  returnUrls,
  authorities,
  forms,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: 'string', default: '60000' },
    seed: { type: 'string', default: '1' },
  },
})
const seed = values.seed === 'random' ? Date.now() % 2 ** 31 : Number(values.seed)
const chosen = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
if (!Number.isSafeInteger(seed) || chosen.length === 0) {
  throw new Error(`targets are ${targets.map(({ name }) => name).join(', ')}; --seed is a number`)
}

process.on('unhandledRejection', (reason) => {
  throw new Error('a promise was left alone', { cause: reason })
})

console.log(`seed ${seed}`)
const shares = chosen.reduce((sum, { share }) => sum + share, 0)
for (const { name, share, property, happened, mustHappen } of chosen) {
  const numRuns = Math.max(200, Math.round((Number(values.requests) * share) / shares))
  const started = performance.now()
  await fc.assert(property, { numRuns, seed })
  const seconds = (performance.now() - started) / 1000
  const outcomes = [...happened].sort().map(([outcome, count]) => `${outcome} ${count}`)
  console.log(`${name}: ${numRuns} in ${seconds.toFixed(1)} s (${outcomes.join(', ')})`)
  const missing = mustHappen.filter((outcome) => (happened.get(outcome) ?? 0) * 1000 < numRuns)
  if (missing.length > 0) throw new Error(`${name}: hardly ever "${missing.join('", "')}"`)
}
process.exit(0)
