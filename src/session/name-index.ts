/** Finds the keys of sessions by a name that they share. */
export interface NameIndex {
  add(name: string | undefined, key: string): void
  remove(name: string | undefined, key: string): void
  find(name: string): readonly string[]
}

/** Creates an empty index. What has no name is not in it. */
export function createNameIndex(): NameIndex {
  const keys = new Map<string, Set<string>>()
  return {
    add(name, key) {
      if (name === undefined) return
      const known = keys.get(name)
      if (known === undefined) keys.set(name, new Set([key]))
      else known.add(key)
    },
    remove(name, key) {
      if (name === undefined) return
      const known = keys.get(name)
      known?.delete(key)
      if (known?.size === 0) keys.delete(name)
    },
    find: (name) => [...(keys.get(name) ?? [])],
  }
}
