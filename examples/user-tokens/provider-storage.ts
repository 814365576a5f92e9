import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import type { Adapter, AdapterPayload } from 'oidc-provider'

interface Saved {
  keys: JWK[]
  refreshes: number
  entries: Record<string, { payload: AdapterPayload; expiresAt: number }>
}

/** What the provider knows, in a file, so that killing it signs nobody out. */
export interface ProviderStorage {
  readonly keys: JWK[]
  readonly refreshes: number
  countRefresh(): void
  adapterFor(model: string): Adapter
}

/** Opens the storage, with a new signing key when there is none yet. */
export async function openStorage(folder: string): Promise<ProviderStorage> {
  const file = join(folder, 'provider.json')
  const data = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as Saved)
    : { keys: [await createKey()], refreshes: 0, entries: {} }

  // Written beside and put in place in one step: a kill leaves the old file or the new one.
  function save(): void {
    const now = Date.now()
    for (const [key, { expiresAt }] of Object.entries(data.entries)) {
      if (expiresAt < now) Reflect.deleteProperty(data.entries, key)
    }
    writeFileSync(`${file}.new`, JSON.stringify(data), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }

  function find(key: string): AdapterPayload | undefined {
    const entry = data.entries[key]
    return entry && entry.expiresAt > Date.now() ? entry.payload : undefined
  }

  save()
  return {
    keys: data.keys,
    get refreshes() {
      return data.refreshes
    },
    countRefresh() {
      data.refreshes += 1
      save()
    },
    adapterFor(model) {
      const keyOf = (id: string) => `${model}:${id}`
      const change = (work: () => void) => {
        work()
        save()
        return Promise.resolve()
      }
      return {
        upsert: (id, payload, expiresIn) =>
          change(() => {
            data.entries[keyOf(id)] = { payload, expiresAt: Date.now() + (expiresIn ?? 0) * 1000 }
          }),
        find: (id) => Promise.resolve(find(keyOf(id))),
        findByUid: (uid) =>
          Promise.resolve(
            Object.keys(data.entries)
              .filter((key) => key.startsWith(`${model}:`))
              .map(find)
              .find((payload) => payload?.uid === uid),
          ),
        findByUserCode: () => Promise.resolve(undefined),
        consume: (id) =>
          change(() => {
            const payload = find(keyOf(id))
            if (payload) payload.consumed = Math.floor(Date.now() / 1000)
          }),
        destroy: (id) => change(() => Reflect.deleteProperty(data.entries, keyOf(id))),
        revokeByGrantId: (grantId) =>
          change(() => {
            for (const [key, { payload }] of Object.entries(data.entries)) {
              if (payload.grantId === grantId) Reflect.deleteProperty(data.entries, key)
            }
          }),
      }
    },
  }
}

async function createKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: 'demo', alg: 'ES256', use: 'sig' }
}
