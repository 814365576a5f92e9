// `npm run bench -- NAME` measures what NAME says and prints a table.
const benchmarks: Record<string, () => Promise<{ run(): Promise<void> }>> = {
  rotations: () => import('./rotations.js'),
}

const [name = ''] = process.argv.slice(2)
const load = benchmarks[name]
if (!load) {
  console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join(' | ')}`)
  process.exit(2)
}
await (await load()).run()
