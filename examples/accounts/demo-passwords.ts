import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from './settings.js'
import type { DemoPasswords } from './users.js'

/**
 * Keeps the passwords that were made for the demo users beside the embedded database, readable for its owner
 * alone. A PostgreSQL that others use gets no such file: there `SEED_PASSWORD` is the way.
 */
export function demoPasswords(settings: Settings): DemoPasswords {
  const file =
    settings.DATABASE_URL === undefined ? join(settings.DATA_FOLDER, 'demo-users.json') : undefined
  const kept = (): Record<string, string> =>
    file !== undefined && existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)
      : {}
  return {
    given: settings.SEED_PASSWORD,
    read: (email) => kept()[email],
    keep(email, password) {
      if (file === undefined) return
      writeFileSync(file, JSON.stringify({ ...kept(), [email]: password }), { mode: 0o600 })
    },
  }
}
