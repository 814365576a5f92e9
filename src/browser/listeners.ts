/** A list of listeners; one that throws is logged and stops neither the others nor the work that told them. */
export interface Listeners<T> {
  add(listener: (value: T) => void): () => void
  tell(value: T): void
}

/** Creates an empty list of listeners. */
export function createListeners<T>(): Listeners<T> {
  const listeners = new Set<(value: T) => void>()
  return {
    add(listener) {
      // A wrapper of its own, so that a function added twice is told twice and removed once.
      const entry = (value: T): void => {
        listener(value)
      }
      listeners.add(entry)
      return () => {
        listeners.delete(entry)
      }
    },
    tell(value) {
      for (const listener of [...listeners]) {
        try {
          listener(value)
        } catch (error) {
          console.error(error)
        }
      }
    },
  }
}
