// Runs every gate once, the quick ones first, and says how long each took. `npm run check`.
import { spawnSync } from 'node:child_process'

const gates = [
  ['format:check'],
  ['lint'],
  ['build'],
  ['types'],
  ['package'],
  ['api'],
  ['unused'],
  ['size'],
  ['fuzz'],
  ['test', '--', '--coverage'],
  ['test:package'],
]

for (const gate of gates) {
  const started = performance.now()
  const { status } = spawnSync('npm', ['run', ...gate], { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`npm run ${gate.join(' ')} failed`)
    process.exit(1)
  }
  console.log(`${gate[0]}: ${Math.round((performance.now() - started) / 1000)} s`)
}
