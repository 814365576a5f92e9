// One part of the run, in a process of its own, so that no part warms up or fills another's.
import type { Row } from './measure.js'
import { stopAll } from './processes.js'

interface Section {
  readonly measure: (options: { quick: boolean }) => Promise<Row[]>
}

process.once('message', ({ section, quick }: { section: string; quick: boolean }) => {
  void (import(`./${section}.js`) as Promise<Section>)
    .then(({ measure }) => measure({ quick }))
    .then((rows) => process.send?.(rows))
    .finally(stopAll)
})
process.send?.('up')
