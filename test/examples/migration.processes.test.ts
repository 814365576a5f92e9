import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { packages, type Compared } from '../../examples/migration/compare.js'

const folder = fileURLToPath(new URL('../../examples/migration/', import.meta.url))

// Theirs are installed in a folder of their own, never at the root.
beforeAll(() => {
  if (existsSync(`${folder}node_modules`)) return
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
}, 240_000)

/** The differences that a page names: request, their status, ours. */
function namedIn(page: string): string[] {
  const section = /\n## What answers differently\n(?<text>[\s\S]*?)(?:\n## |$)/.exec(page)
  return [
    ...(section?.groups?.['text'] ?? '').matchAll(/^\| (.+?) *\| (\d{3}) *\| (\d{3}) *\|/gm),
  ].map(([, request, theirs, ours]) => `${request}: ${theirs} → ${ours}`)
}

describe('moving over', () => {
  test.each(packages)(
    'from %s changes the answers that its page names, and no others',
    (name) => {
      // A process of its own: one of the packages reaches its issuer by TLS with a certificate made here.
      const output = execFileSync(
        process.execPath,
        ['examples/run.js', 'migration', name, '--json'],
        {
          cwd: fileURLToPath(new URL('../..', import.meta.url)),
          encoding: 'utf8',
        },
      )
      const compared = JSON.parse(output) as Compared[]
      const found = compared
        .filter(({ before, after }) => before !== after)
        .map(({ request, before, after }) => `${request}: ${before} → ${after}`)
      const page = readFileSync(`${folder}${name}/README.md`, 'utf8')
      expect(found.sort()).toEqual(namedIn(page).sort())
      expect(compared[0]).toMatchObject({ request: 'a good token', before: 200, after: 200 })
      expect(compared.length).toBeGreaterThanOrEqual(17)
    },
    60_000,
  )
})
