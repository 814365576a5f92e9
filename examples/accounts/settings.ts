import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const seconds = z.coerce.number().positive()
const flag = z.enum(['on', 'off'])
const text = z.string().trim().min(1)

const variables = z.object({
  HOST: text.default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3001),
  DATABASE_URL: text.optional(),
  DATA_FOLDER: text.default(fileURLToPath(new URL('.data', import.meta.url))),
  REDIS_URL: text.optional(),
  JWT_ISSUER: z.url().optional(),
  JWT_AUDIENCE: text.default('api://accounts'),
  JWT_SIGNING_KEY: text.optional(),
  JWT_ALGORITHM: text.default('ES256'),
  JWT_KEY_ANNOUNCE: seconds.default(14 * 86_400),
  JWT_KEY_SIGN: seconds.default(90 * 86_400),
  JWT_KEY_RETAIN: seconds.default(14 * 86_400),
  JWT_ACCESS_TOKEN_LIFETIME: seconds.default(600),
  JWT_IDLE_LIFETIME: seconds.default(14 * 86_400),
  JWT_ABSOLUTE_LIFETIME: seconds.default(30 * 86_400),
  JWT_REUSE_INTERVAL: z.coerce.number().min(0).max(60).default(20),
  DENY_LIST_FAIL_CLOSED: flag.default('off'),
  RATE_LIMITS: flag.default('on'),
  SEED_PASSWORD: text.optional(),
})

export type Settings = Readonly<z.output<typeof variables>>

/**
 * Reads the environment, and the `.env` file beside this one where there is one.
 *
 * @throws an error of one line that names every setting that is wrong.
 */
export function readSettings(): Settings {
  const file = fileURLToPath(new URL('.env', import.meta.url))
  if (existsSync(file)) process.loadEnvFile(file)
  // An empty variable, as in `REDIS_URL=`, means the default.
  const given = Object.entries(process.env).filter(([, value]) => value !== '')
  const { data, error } = variables.safeParse(Object.fromEntries(given))
  if (data !== undefined) return data
  const faults = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new Error(`The settings are wrong: ${faults.join('; ')}`)
}
